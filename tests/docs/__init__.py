"""Every code block of the documentation, run or looked at; docs/writing-docs.md tells how.

Why none of the packages for this: pytest-codeblocks, pytest-markdown-docs and sybil run Python, and
the first shell too, each block by itself. Pages here are stories in a shell: variables and files go
on from block to block, outputs are compared, a service answers, and what cannot be run is counted.
Markdown is read by markdown-it-py, so that blocks are those of CommonMark.
"""
