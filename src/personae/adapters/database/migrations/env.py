"""What Alembic runs: the pending revisions, inside the transaction that it is given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from personae.adapters.database.tables import metadata

_connection: sa.Connection = context.config.attributes["connection"]
context.configure(connection=_connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
