"""What callers ask for: options, and who gets whose face; checked once."""
