"""What the service is about: plain values and rules; the standard library alone."""
