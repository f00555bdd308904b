"""The schema's history, for Alembic. `personae.adapters.database.migrating` runs it.

To change the schema: edit `tables.py`, add a module to `versions` whose `down_revision` is the
newest one's, run the contract tests (they compare the two, on both databases), and add a dump of
the release before to ``tests/contract/database/releases``. Everything runs in one transaction under
a lock, so a migration must not commit; under SQLite foreign keys are off meanwhile and are checked
at the end, so ``op.batch_alter_table`` is safe.
"""
