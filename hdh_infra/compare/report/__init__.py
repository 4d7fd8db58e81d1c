"""Reports for people: what they say stands in `content`, how it looks in `terminal` and `markdown`."""
