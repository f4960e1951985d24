"""What a process is."""

is_own = False
"""The process is the command line: nothing else has a use for its streams, or for what its libraries log."""
