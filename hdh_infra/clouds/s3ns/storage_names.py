"""Where a store's bucket has its path, for all that points at it."""

from __future__ import annotations


def bucket_path(store: str) -> str:
    """Path of a store's bucket."""
    return f"{store}/bucket"
