"""Questions are asked in bounded time, and a service that does not answer is a remark that stops no other one."""

import datetime
import json
from pathlib import Path

import pytest

from hdh_infra import live
from hdh_infra.errors import CloudError
from hdh_infra.live import asking, probing
from hdh_infra.live.answers import Answers
from hdh_infra.live.rest import _PATIENCE, Rest, _pages, _patient
from hdh_infra.model.platform import Platform
from hdh_infra.model.target import Target

TARGET = Target.parse("openstack:RegionOne")
PLATFORM = Platform.model_validate({"name": "p", "residency": {"countries": ["FR"]}})
QUESTIONS = {
    "/extensions": "extensions",
    "/log/loggable-resources": "loggable_resources",
    "/networks": "networks",
    "/quotas/PROJECT/details.json": "quota",
    "/quotas/PROJECT": "quota",
    "/flavors/detail": "flavors",
    "/os-availability-zone": "availabilityZoneInfo",
    "/limits": "limits",
    "/images": "images",
    "/types": "volume_types",
    "/volumes/detail": "volumes",
    "/quotas": "quotas",
    "/datastores": "datastores",
}


class Services:
    """Services that answer as the recorded ones did, but where they are told not to."""

    project = "PROJECT"

    def __init__(self):
        text = (Path(__file__).parent / "recorded_said.json").read_text(encoding="utf-8")
        self.recorded = json.loads(text)
        self.status, self.silent, self.asked = {}, set(), []
        said = self.recorded
        self.bodies = {
            ("network", "/extensions"): [{"alias": one} for one in [*said["extensions"], "logging"]],
            ("network", "/log/loggable-resources"): [{"type": "security_group"}],
            ("network", "/networks"): said["external_networks"],
            ("network", "/quotas/PROJECT/details.json"): said["network_quotas"],
            ("network", "/quotas/PROJECT"): {"router": 7},
            ("compute", "/flavors/detail"): said["flavours"],
            ("compute", "/os-availability-zone"): said["zones"],
            ("compute", "/limits"): said["compute_limits"],
            ("image", "/images"): said["images"],
            ("block_storage", "/types"): said["volume_types"],
            ("block_storage", "/volumes/detail"): [],
            ("block_storage", "/limits"): said["volume_limits"],
            ("key_manager", "/quotas"): said["key_quotas"],
        }

    def _heard(self, service, path):
        self.asked.append((service, path))
        if service in self.silent:
            raise CloudError(service, "timed out", "Check it")

    def answer(self, service, path, params=None, microversion=None):
        self._heard(service, path)
        status = self.status.get((service, path), 200 if (service, path) in self.bodies else 403)
        return status, {QUESTIONS[path]: self.bodies[service, path]} if status == 200 else {"forbidden": {}}

    def list(self, service, path, key, params=None, microversion=None):
        self._heard(service, path)
        return self.bodies[service, path]

    def services(self):
        self._heard("identity", "/auth/catalog")
        return self.recorded["services"]

    def microversion(self, service):
        self._heard(service, "/")
        return self.recorded["versions"][service]


@pytest.fixture
def services(monkeypatch):
    made = Services()
    monkeypatch.setattr(asking, "Rest", lambda environment, region: made)
    monkeypatch.setattr(asking.openstack, "ask", lambda rest: Answers())
    return made


def ask():
    return asking.ask({}, "RegionOne", lambda _: None)


def test_every_service_is_asked_and_what_it_says_is_kept_as_it_stands(services):
    said = ask()
    assert said.flavours == services.recorded["flavours"]
    assert said.loggable == ["security_group"]
    assert said.network_quotas == services.recorded["network_quotas"]
    assert said.versions == services.recorded["versions"]
    assert said.remarks == ()


@pytest.mark.parametrize("service", ["network", "compute", "image", "block_storage", "key_manager", "identity"])
def test_a_service_that_does_not_answer_is_a_remark_and_all_others_are_asked(services, service):
    services.silent.add(service)
    said = ask()
    assert any(service.replace("_", "-") in line or "catalogue" in line for line in said.remarks)
    assert {"network", "compute", "image", "block_storage", "key_manager"} <= {one for one, _ in services.asked}
    answered = [said.extensions, said.flavours, said.images, said.volume_types, said.key_quotas]
    assert sum(one is None for one in answered) == (service != "identity")


@pytest.mark.parametrize(
    ("question", "part"),
    [
        (("network", "/quotas/PROJECT/details.json"), "network_quotas"),
        (("compute", "/flavors/detail"), "flavours"),
        (("image", "/images"), "images"),
        (("block_storage", "/types"), "volume_types"),
    ],
)
def test_what_the_credentials_may_not_ask_is_a_remark_without_the_projects_id(services, question, part):
    services.status[question] = 403
    said = ask()
    assert any("may not ask" in line for line in said.remarks)
    assert part == "network_quotas" or getattr(said, part) is None


def test_an_older_neutron_tells_its_quotas_without_their_use(services):
    services.status["network", "/quotas/PROJECT/details.json"] = 404
    assert ask().network_quotas == {"router": 7}


def test_how_a_type_is_encrypted_is_unknown_where_the_policy_hides_it_and_nobody_remarks_on_it(services):
    said = ask()
    assert set(said.type_encryption.values()) == {None}
    assert len(said.type_encryption) == len(services.recorded["volume_types"])


def test_only_images_of_the_cloud_of_the_project_or_accepted_ones_are_taken(services):
    good = {"status": "active", "visibility": "public", "owner": "cloud"}
    services.bodies["image", "/images"] = [
        {**good, "name": "public"},
        {**good, "name": "mine", "visibility": "private", "owner": "PROJECT"},
        {**good, "name": "anybodys", "visibility": "community"},
        {**good, "name": "queued", "status": "queued"},
        {**good, "name": "hidden", "os_hidden": True},
    ]
    assert [one["name"] for one in ask().images] == ["public", "mine"]


def test_when_the_time_is_over_nothing_more_is_asked(services, monkeypatch):
    monkeypatch.setattr(asking, "SECONDS", -1.0)
    said = ask()
    assert services.asked == []
    assert all("not asked" in line for line in said.remarks)
    assert said.flavours is None


def test_an_image_list_is_followed_by_its_marker():
    class Glance:
        def get(self, path, params, microversion):
            from types import SimpleNamespace

            pages = {None: (["a", "b"], "/v2/images?limit=2&marker=b"), "b": (["c"], None)}
            names, following = pages[params.get("marker")]
            body = {"images": [{"id": name} for name in names], **({"next": following} if following else {})}
            return SimpleNamespace(ok=True, json=lambda: body)

    assert [one["id"] for one in _pages(Glance(), "/images", "images", {}, None)] == ["a", "b", "c"]


def test_every_connection_has_bounds_of_time_and_retries_and_a_users_own_win():
    from types import SimpleNamespace

    entry = _patient(SimpleNamespace(config={"api_timeout": 5, "connect_retries": None}))
    assert entry.config["api_timeout"] == 5
    assert {name: entry.config[name] for name in _PATIENCE if name != "api_timeout"} == {
        name: value for name, value in _PATIENCE.items() if name != "api_timeout"
    }


def test_one_that_answers_is_enough_and_none_is_an_error_that_says_what_to_set(services, monkeypatch):
    today = datetime.date(2026, 11, 25)

    def gone(*_):
        raise CloudError("https://s3.example.org", "does not answer", "Set AWS_ACCESS_KEY_ID")

    monkeypatch.setattr(probing, "probe", gone)
    found = live.measure(TARGET, {}, PLATFORM, as_of=today)
    assert found.flavours
    assert any("s3.example.org could not be asked" in line for line in found.remarks)
    monkeypatch.setattr(asking, "Rest", Rest)
    with pytest.raises(CloudError) as caught:
        live.measure(TARGET, {}, PLATFORM, as_of=today)
    assert "OS_" in str(caught.value) or "OS_CLOUD" in str(caught.value)
