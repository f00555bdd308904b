"""What a release consists of: `make release` makes it, `make release-check` tries it out."""
