"""What each command does: frozen values in, one result out. No terminal, no process environment, no exit codes."""
