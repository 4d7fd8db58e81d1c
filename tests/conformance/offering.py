"""What the laws ask of an offer's plans where the offer itself lacks the thing: by its catalogue's own word, and never by its name."""

from hdh_infra.catalogue.load import site
from hdh_infra.model.paths import kind_of
from hdh_infra.model.target import Target
from hdh_infra.planning.keyless import is_keyless


def has_networks(target):
    """Whether a plan makes networks; where they are made by hand, a plan only looks them up (`networks: named`)."""
    return site(Target.parse(target)).offer.native.get("networks") != "named"


def has_filters(target):
    """Whether anything can keep apart machines that share a network (`filters: false` where nothing does)."""
    return site(Target.parse(target)).offer.native.get("filters") is not False


def filters_within(target):
    """Whether machines of one network are kept apart; where filters stand between networks alone, answers need a way of their own."""
    return site(Target.parse(target)).offer.native.get("filters") != "between-networks"


def without_service(target, paths):
    """Those elements that no plan of a target can have: keys where there is no service for them, networks that are only looked up."""
    absent = set() if has_networks(target) else {"network"}
    absent |= {"key"} if is_keyless(site(Target.parse(target))) else set()
    return {path for path in paths if kind_of(path) in absent}


def knows_machines(target):
    """Whether rights on stores can be given to each machine by a plan; where stores know accounts only, a person brings each."""
    return site(Target.parse(target)).fact("object_store.identities").value != "accounts"


def keys_are_apart(target):
    """Whether each key opens its own stores: the keys of Keystone, which are taken where nobody says, open all of a project."""
    return site(Target.parse(target)).fact("object_store.identities").value not in {None, "keystone"}


def country_of(target):
    """Where a target lies by the catalogue; None where only its operator can say."""
    return site(Target.parse(target)).country


def reaches_stores(target):
    """Whether every machine with a right on a store comes to it: networks are joined, and a plan can give it a key."""
    native = site(Target.parse(target)).offer.native
    return native.get("routers") is not False and native.get("machine_credentials") is not False
