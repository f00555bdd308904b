"""The API of A2E, spoken by this service."""
