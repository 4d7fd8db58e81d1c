"""What the laws ask of an offer's plans where the offer itself lacks the thing: by its catalogue's own word, and never by its name."""

from hdh_infra.catalogue.load import site
from hdh_infra.model.paths import kind_of
from hdh_infra.model.target import Target
from hdh_infra.planning.keyless import is_keyless


def without_service(target, paths):
    """Those elements that no plan of a target can have: keys, where there is no service for them."""
    return {path for path in paths if kind_of(path) == "key"} if is_keyless(site(Target.parse(target))) else set()


def knows_machines(target):
    """Whether rights on stores can be given to each machine by a plan; where stores know accounts only, a person brings each."""
    return site(Target.parse(target)).fact("object_store.identities").value != "accounts"


def country_of(target):
    """Where a target lies by the catalogue; None where only its operator can say."""
    return site(Target.parse(target)).country


def reaches_stores(target):
    """Whether every machine with a right on a store comes to it: networks are joined, and a plan can give it a key."""
    native = site(Target.parse(target)).offer.native
    return native.get("routers") is not False and native.get("machine_credentials") is not False
