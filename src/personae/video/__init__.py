"""Media in and out: stills, animations and videos, streamed through the engine."""
