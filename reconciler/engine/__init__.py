"""Reads, writes and waits, through the port alone. Sleep, clock and cancellation flag are parameters."""
