"""What the laws ask of an offer's plans where the offer itself lacks the thing: by its catalogue's own word, and never by its name."""

from hdh_infra.catalogue.load import site
from hdh_infra.model.paths import kind_of
from hdh_infra.model.target import Target


def has_keys(target):
    """Whether there is a service that makes keys: without one a key of a description is in no plan (`key.origin: false`)."""
    return site(Target.parse(target)).fact("key.origin").value is not False


def has_networks(target):
    """Whether a plan makes networks; where they are made by hand, a plan only looks them up (`networks: named`)."""
    return site(Target.parse(target)).offer.native.get("networks") != "named"


def has_filters(target):
    """Whether anything can keep apart machines that share a network (`filters: false` where nothing does)."""
    return site(Target.parse(target)).offer.native.get("filters") is not False


def without_service(target, paths):
    """Those elements that no plan of a target can have: keys where there is no service for them, networks that are only looked up."""
    absent = {kind for kind, there in (("key", has_keys(target)), ("network", has_networks(target))) if not there}
    return {path for path in paths if kind_of(path) in absent}


def knows_machines(target):
    """Whether rights on stores can be given to each machine by a plan; where stores know accounts only, a person brings each."""
    return site(Target.parse(target)).fact("object_store.identities").value != "accounts"
