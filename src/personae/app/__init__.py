"""What the service does, on ports that `personae.adapters` fills in; no pixels, no HTTP, no SQL."""
