"""``personae demo``: a first real swap, with people who come in a package and nothing to find."""
