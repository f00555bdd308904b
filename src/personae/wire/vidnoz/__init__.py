"""The API of Vidnoz, spoken by this service."""
