"""How S3 endpoints differ from S3: a closed set of words, each told to the plugin or used by the lowering, and stated by offers as data."""

import dataclasses
import re
from pathlib import Path

import pytest

import hdh_infra as hdh
from hdh_infra.catalogue.load import catalogue, clouds, site
from hdh_infra.catalogue.quirks import QUIRKS, check_quirks, plugin_settings
from hdh_infra.catalogue.schema import Offer
from hdh_infra.clouds.base import Context
from hdh_infra.clouds.buckets import bucket_properties
from hdh_infra.model.expand import expand
from hdh_infra.model.lock import Lock
from hdh_infra.model.target import Target
from hdh_infra.resources import config

ROOT = Path(hdh.__file__).parent
SMALL = ROOT.parent / "examples" / "small.yaml"
ENOUGH = {"endpoint": "https://s3.example.org", "accessKey": "a", "secretKey": "b"}


def test_a_quirk_that_nobody_asks_for_is_refused_with_the_nearest_word():
    assert "did you mean 'contentMd5'" in str(check_quirks({"contentMD5": True})).replace(
        "did you mean contentMd5", "did you mean 'contentMd5'"
    )
    assert "takes one of" in str(check_quirks({"contentMd5": 1}))
    assert "takes one of v4" in str(check_quirks({"signature": "s3v4"}))
    offer = catalogue("openstack").offers[0].model_dump()
    with pytest.raises(ValueError, match="no quirk is 'checksums'"):
        Offer.model_validate(offer | {"quirks": {"checksums": "when_required"}})


@pytest.mark.parametrize("name", [name for name, quirk in QUIRKS.items() if quirk.told])
def test_what_the_plugin_is_told_is_a_setting_that_it_knows_with_the_same_values(name):
    for value in QUIRKS[name].allowed:
        assert config.check(ENOUGH | {name: value}, {}) == []
    assert config.check(ENOUGH | {name: "something else"}, {}) != []


def test_the_plugin_is_told_what_the_catalogue_says_and_nothing_that_is_the_lowerings():
    place = site(Target.parse("openstack:RegionOne"))
    quirks = {name: quirk.allowed[0] for name, quirk in QUIRKS.items()}
    told = plugin_settings(place.offer.model_copy(update={"quirks": quirks}))
    assert set(told) == {name for name, quirk in QUIRKS.items() if quirk.told}
    assert told["signature"] == QUIRKS["signature"].allowed[0]


@pytest.mark.parametrize("name", [name for name, quirk in QUIRKS.items() if not quirk.told])
def test_what_the_plugin_is_not_told_is_asked_for_by_a_lowering(name):
    lowerings = [file.read_text(encoding="utf-8") for file in (ROOT / "clouds").rglob("*.py")]
    assert any(re.search(rf"""quirks(\.get\(|\[)["']{name}["']""", text) for text in lowerings), name


def properties(store, quirks, target="ovhcloud:GRA"):
    platform = hdh.load(SMALL)
    zones = platform.model_dump(mode="json", exclude_none=True)["zones"]
    zones["lake"]["stores"]["snds"] |= store
    platform = type(platform).model_validate(platform.model_dump(mode="json", exclude_none=True) | {"zones": zones})
    place = site(Target.parse(target), platform)
    offer = place.offer.model_copy(update={"quirks": {**place.offer.quirks, **quirks}})
    context = Context(
        expand(platform), dataclasses.replace(place, offer=offer), Lock(platform=platform.name, salt="0" * 8)
    )
    return bucket_properties(context, "zone/lake/store/snds", "a-bucket")


RETENTION = {"versioning": True, "retention": {"days": 30, "mode": "governance"}}


def test_where_a_lock_has_one_mode_that_is_planned_and_not_the_one_that_is_asked():
    assert properties(RETENTION, {})["objectLock"] == {"mode": "governance", "days": 30}
    assert properties(RETENTION, {"objectLockMode": "compliance"})["objectLock"] == {"mode": "compliance", "days": 30}


def test_where_rules_of_age_are_forbidden_none_is_planned_not_even_for_unfinished_uploads():
    store = {"expiry": [{"prefix": "tmp/", "days": 30}]}
    assert {"lifecycle", "abortUploadsDays"} <= properties(store, {}).keys()
    assert not {"lifecycle", "abortUploadsDays"} & properties(store, {"lifecycle": False}).keys()


def test_a_block_of_public_access_is_asked_only_where_there_is_one():
    assert properties({}, {"publicAccessBlock": True})["publicAccessBlock"] is True
    assert "publicAccessBlock" not in properties({}, {"publicAccessBlock": False})


def test_every_quirk_is_some_offers_and_the_known_ones_are_where_they_were_found():
    stated = {offer.name: offer.quirks for cloud in clouds() for offer in catalogue(cloud).offers}
    assert {name for quirks in stated.values() for name in quirks} == QUIRKS.keys()
    quirks = {
        one: site(Target.parse(one)).offer.quirks
        for one in ("cloudtemple:fr1", "outscale:eu-west-2", "scaleway:fr-par")
    }
    assert quirks["scaleway:fr-par"]["lifecycle"] is False, "the HDS contract forbids rules of age"
    assert quirks["outscale:eu-west-2"]["objectLockMode"] == "compliance"
    assert quirks["cloudtemple:fr1"]["signature"] == "v2-but-v4-for-lists"
