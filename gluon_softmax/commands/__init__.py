"""One file per command, named like it: it parses, calls and prints."""
