"""How long things take, by `make bench`; no test, so that a slow machine fails nothing."""
