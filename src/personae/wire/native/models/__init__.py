"""What the native API's JSON looks like; pydantic models, and nothing that acts."""
