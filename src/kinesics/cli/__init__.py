"""The command line: it parses, calls one function of the package, and prints."""
