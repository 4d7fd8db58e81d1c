"""What a machine is given at its first start: the administrators' public keys, and the start-up data of the spec.

Both in one user data, which whoever is on the machine can read; it leaves no trace that could be read back as an
attribute. cloud-init reads one document, or several as the parts of a MIME message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

_CLOUD_CONFIG = "#cloud-config"
_MERGE = "list(append)+dict(no_replace,recurse_list)+str()"
"""Without it a list of the second document would take the place of the first one's
(cloudinit.readthedocs.io/en/latest/reference/merging.html)."""
_DIGEST = 24


def user_data(keys: Sequence[str], startup: str | None) -> str | None:
    """The user data of a server; None where there is nothing to say.

    Args:
        keys: public SSH keys of those who administer the machines.
        startup: a document for cloud-init, or a script.
    """
    lines = "".join(f"\n  - {key}" for key in keys)
    own = f"{_CLOUD_CONFIG}\nssh_authorized_keys:{lines}\n" if keys else None
    if own is None or startup is None:
        return own or startup
    # A boundary of the parts' own digest: the same for the same parts, and in none of them.
    boundary = f"hdh-{hashlib.sha256(f'{own}{startup}'.encode()).hexdigest()[:_DIGEST]}"
    return MIMEMultipart("mixed", boundary, [_part(own), _part(startup)]).as_string()


def _part(document: str) -> Message:
    script = not document.startswith(_CLOUD_CONFIG)
    part = MIMEText(document, "x-shellscript" if script else "cloud-config")
    if not script:
        part["X-Merge-Type"] = _MERGE
    return part
