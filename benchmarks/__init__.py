"""Benchmarks: the commands of the tool against bare clients, in one run on one machine. `python -m benchmarks --help`."""
