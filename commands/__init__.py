"""The command line, one file per role; thin: parse, call `operations`, print."""
