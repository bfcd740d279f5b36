"""Activities: thin. Each takes its arguments, calls one gateway, gives back a result."""
