"""`up` under the faults of a cloud: it comes through, or it stops with the state kept and says what to do; a second `up` completes it.

A small platform on the simulated Azure, through the real engine; what the provider tries again by itself is the simulator's data.
"""

from __future__ import annotations

import datetime
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hdh_infra.deploy import operations
from hdh_infra.deploy.request import Request, Result, Silent
from hdh_infra.errors import EngineError
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target
from hdh_infra.planning.lock import update_lock
from hdh_infra.sandbox import simulator
from hdh_infra.sandbox.simulator import Cloud, fault

pytestmark = pytest.mark.end_to_end
TARGET = Target.parse("azure:francecentral")
TODAY = datetime.date(2026, 11, 25)
PORT = 15440
NUMBERS = itertools.count()
ROLE = "azure-native:authorization:RoleAssignment"
ACCOUNT = "azure-native:storage:StorageAccount"
NETWORK = "azure-native:network:VirtualNetwork"
SUBNET = "azure-native:network:Subnet"
DESCRIBED: dict[str, Any] = {
    "residency": {"countries": ["FR"]},
    "network": {"address_space": "10.64.0.0/16"},
    "keys": {"lake": {}},
    "zones": {"lake": {"stores": {"snds": {"size": "1TB", "key": "lake"}}}},
    "targets": {str(TARGET): {}},
}


@dataclass
class Trial:
    """One platform and its stack on the shared cloud."""

    box: Path
    request: Request

    def up(self) -> Result:
        return operations.up(self.request, Silent())

    def fault(self, types: str, kind: str, *, operation: str = "create", count: int = 1, seconds: float = 0) -> None:
        fault(self.box, types, operation, kind, count=count, seconds=seconds)

    def stops(self) -> str:
        """What is said where `up` stops."""
        with pytest.raises(EngineError) as caught:
            self.up()
        assert caught.value.exit_code == 3
        assert "State is kept" in str(caught.value)
        assert operations.natives_of_state(operations.state(self.request)), "nothing that was made is in the state"
        return str(caught.value)

    def completes(self) -> None:
        """A next `up` does what is missing, and one more nothing."""
        done = self.up()
        assert done.changes["delete"] == done.changes["replace"] == 0, done.steps
        again = self.up()
        assert again.steps == (), again.steps


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One simulated Azure for all; minutes of the cloud take no longer than they must."""
    directory = tmp_path_factory.mktemp("faults") / "box"
    beside = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HDH_IAM_ENDPOINT", raising=False)
        simulator.start(directory, PORT + 1000 * beside, ("azure-native",), print)
    Cloud(directory).set_pace(1000)
    try:
        yield directory
    finally:
        simulator.stop(directory)


@pytest.fixture
def trial(box: Path, tmp_path: Path, engine_command: Path) -> Trial:
    """A platform of its own."""
    Cloud(box).clear_faults()
    (tmp_path / "state").mkdir()
    (tmp_path / "passphrase").write_text("only for this test")
    name = f"trial-{next(NUMBERS)}"
    platform = Platform.model_validate({"name": name, **DESCRIBED})
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.defpath,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        **simulator.environment(box),
    }
    return Trial(
        box,
        Request(
            platform=platform,
            target=TARGET,
            lock=update_lock(None, platform, [TARGET]),
            lock_file=None,
            stack="azure",
            today=TODAY,
            environment=environment,
            engine_command=engine_command,
            work_dir=tmp_path / "work",
        ),
    )


def test_what_passes_while_the_provider_tries_again_only_takes_time(trial):
    trial.fault(ACCOUNT, "429", count=2, seconds=14)
    trial.fault(NETWORK, "500", count=3)
    trial.fault(SUBNET, "conflict", count=2)
    trial.fault("azure-native:keyvault:Vault", "slow", seconds=300)
    trial.fault("azure-native:storage:ManagementPolicy", "not-found", seconds=60)
    trial.up()
    assert trial.up().steps == ()
    # What the cloud answers after a refresh tells of children and users; that is no change.
    assert operations.refresh(trial.request, Silent()).steps == ()
    assert trial.up().steps == ()


@pytest.mark.parametrize(
    ("types", "kind", "count", "seconds", "told", "remedy"),
    [
        (ACCOUNT, "429", 1, 600, "TooManyRequests", "limits how often"),
        (NETWORK, "503", 4, 0, "ServerBusy", "limits how often"),
        (NETWORK, "500", 4, 0, "InternalServerError", "passing fault"),
        (SUBNET, "conflict", 4, 0, "AnotherOperationInProgress", "Another write"),
        (SUBNET, "partial RetryableError", 1, 0, "RetryableError", "Another write"),
        (NETWORK, "not-found", 1, 7200, "ParentResourceNotFound|ResourceNotFound|InvalidResourceReference", "was not seen"),
        (ROLE, "ineffective", 99, 7200, "KeyVaultAuthenticationFailure", "up to ten minutes"),
        (ACCOUNT, "409 SkuNotAvailable", 1, 0, "SkuNotAvailable", "no room"),
        ("azure-native:keyvault:Vault", "409 VaultAlreadyExists", 1, 0, "VaultAlreadyExists", "generations"),
        (ROLE, "403 AuthorizationFailed", 1, 0, "AuthorizationFailed", "lacks a right"),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_told_with_its_remedy_and_the_next_up_completes_it(
    trial, types, kind, count, seconds, told, remedy
):
    import re

    trial.fault(types, kind, count=count, seconds=seconds)
    said = trial.stops()
    assert re.search(told, said), said
    assert remedy in said, said
    assert re.search(r"^  (zone/lake|key/lake|platform)/\S+: ", said, re.MULTILINE), said
    Cloud(trial.box).let_pass(7200)
    trial.completes()
