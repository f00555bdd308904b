"""The API of crun, spoken by this service."""
