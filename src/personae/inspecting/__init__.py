"""What a file tells about where it comes from."""
