"""Steps that run published networks, by what their cards say."""
