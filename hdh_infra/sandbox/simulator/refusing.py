"""What the simulated cloud says where it refuses."""

from __future__ import annotations

from typing import final


@final
class RefusedByCloudError(Exception):
    """Raised when the cloud refuses; the message is as the provider shows it."""

    def __init__(self, rule: str, status: int, code: str, message: str, *, retry_after: float | None = None) -> None:
        """Keep the rule's name, for tests; empty where no rule but the interface itself refused."""
        self.rule, self.status, self.code, self.retry_after = rule, status, code, retry_after
        super().__init__(message)
