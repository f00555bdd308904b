"""How well an engine swaps: pairs of people, measures, a table and a page with pictures."""
