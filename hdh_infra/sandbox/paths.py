"""Where the sandbox keeps what it builds and runs: the user's cache folder, never the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The root of everything kept between runs; `HDH_CACHE_DIR` moves it, else the platform's user cache."""
    chosen = os.environ.get("HDH_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("hdh-infra")


def sandbox_dir() -> Path:
    """The running sandbox: servers' data, credentials, logs and the state of its stacks; `HDH_SANDBOX_DIR` moves it."""
    chosen = os.environ.get("HDH_SANDBOX_DIR")
    return Path(chosen) if chosen else cache_dir() / "sandbox"
