"""Databases for the fault tests: the same as for the contract tests."""

from contract.conftest import database_url, postgres_url

__all__ = ["database_url", "postgres_url"]
