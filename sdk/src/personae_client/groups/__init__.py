"""The calls of the native API, in groups; each is written once and serves both clients."""
