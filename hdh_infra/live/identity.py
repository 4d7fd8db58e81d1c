"""Who the credentials of an environment are, and what they may: asked of Keystone, Barbican and the S3 endpoint; nothing is changed.

Roles are those of the token itself, so that nothing has to be listed that only an admin may list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from hdh_infra.errors import CloudError
from hdh_infra.live.rest import Rest


@final
@dataclass(frozen=True, slots=True)
class Who:
    """The bearer of some credentials in one project."""

    user: str
    project: str
    roles: tuple[str, ...]
    keys: bool
    """Whether the key service lets it list what the project keeps there, which its makers may; False too where there is none."""

    def to_json(self) -> dict[str, Any]:
        """As `hdh credentials --live` writes it."""
        return {"user": self.user, "project": self.project, "roles": list(self.roles), "keys": self.keys}


def who(environment: Mapping[str, str], region: str) -> Who:
    """Sign in to OpenStack and ask who that was. Raises `CloudError` where it answers nothing or refuses."""
    rest = Rest(environment, region)
    names = rest.roles
    return Who(rest.user, rest.project, tuple(sorted(names)), _makes_keys(rest))


def _makes_keys(rest: Rest) -> bool:
    try:
        return rest.get("key_manager", "/secrets?limit=1") is not None
    except CloudError:
        return False


def answers(environment: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """The S3 endpoint that takes these credentials.

    Args:
        environment: `AWS_*` variables, and `HDH_S3_ENDPOINT` where it sends elsewhere.
        values: configuration of the endpoint, as the provider `hdh` takes it.

    Raises:
        CloudError: there are no credentials, the endpoint does not answer, or it refuses them.
    """
    from hdh_infra.live.s3 import given
    from hdh_infra.resources.clients import explain
    from hdh_infra.resources.config import ConfigurationError

    clients = given(values, environment)
    try:
        clients.s3.list_buckets()
    except ConfigurationError as error:
        raise CloudError("the S3 endpoint", str(error), "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
    except Exception as error:
        remedy = "Check that it is up, and that the credentials are its own"
        raise CloudError(clients.settings.endpoint, explain(error), remedy) from error
    return clients.settings.endpoint
