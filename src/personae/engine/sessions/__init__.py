"""Loading networks and running them: on which device, in what memory, how many at once."""
