"""``python -m personae``: the same as the ``personae`` command."""

from personae.cli import main

if __name__ == "__main__":
    main()
