"""How requests are described, repeated and carried out; nothing here is for users."""
