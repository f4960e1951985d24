"""What each command does: frozen values in, one result out. No terminal, no process environment. The exit code of a
failure is a value; the process ends elsewhere."""
