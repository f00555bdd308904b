"""Follow faces over time: shots, tracks, people and smooth landmarks."""
