"""The object store beside an OpenStack: by which words the catalogue has it, and by which protocol it is spoken to."""

from __future__ import annotations

from hdh_infra.catalogue.load import Site

SWIFT = "swift"


def uses_swift(site: Site) -> bool:
    """Whether stores are spoken to by Swift's own protocol; without anybody's word it is S3."""
    return site.fact("object_store.api").value == SWIFT
