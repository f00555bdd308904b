"""Every code block of the documentation, run or looked at; docs/writing-docs.md tells how."""
