"""The embedded engine: a donor's texture carried over the scene's face mesh."""
