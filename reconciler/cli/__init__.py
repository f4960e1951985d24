"""The command line: options, files, the environment, the clock, signals and the exit. Everything else is elsewhere."""
