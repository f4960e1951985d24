"""Reads, writes and waits, through the port alone. Sleep, clock and the wish to stop are parameters."""
