"""What offers give, as dated facts. It decides nothing: a fact has a value, a source, a day and a confidence."""
