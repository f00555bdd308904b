"""The service's rows in SQLite or PostgreSQL, on SQLAlchemy Core."""

from personae.adapters.database.database import SqlDatabase, database_from_url
from personae.adapters.database.engines import engine_for, is_sqlite
from personae.adapters.database.migrating import migrate
from personae.adapters.database.recording import RecordingQueue
from personae.adapters.database.transaction import QueueFactory, SqlTransaction, ToldOfCommit

__all__ = [
    "QueueFactory",
    "RecordingQueue",
    "SqlDatabase",
    "SqlTransaction",
    "ToldOfCommit",
    "database_from_url",
    "engine_for",
    "is_sqlite",
    "migrate",
]
