"""Find faces, their landmarks and who they are."""
