"""What this process is."""

from dataclasses import dataclass


@dataclass
class Program:
    """`is_own`: the process is the command line. Nothing else has a use for its streams, or for what its libraries log."""

    is_own: bool = False


PROGRAM = Program()
