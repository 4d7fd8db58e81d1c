"""The command line: parses, calls the library, prints. It decides nothing."""
