"""What the command line does, callable without it."""
