"""Long descriptions, to see what reading and checking one takes."""

from __future__ import annotations

HEAD = """\
# A long description: many project spaces, each with a store, a machine and flows of its own.
name: long
residency: {countries: [FR]}
network: {address_space: 10.0.0.0/8}
tags: {environment: benchmark}
keys:
  lake: {protection: hsm, rotation_days: 365}
  projects: {}
zones:
  lake:
    stores:
      snds: {size: 300TB, key: lake}
    machines:
      spark: {count: 6, vcpus: 16, memory: 64GB, disk: {size: 500GB, key: lake}}
  administration:
    machines:
      console: {vcpus: 2, memory: 4GB, disk: {key: projects}}
targets:
  azure:francecentral: {}
  ovhcloud:GRA: {}
waivers:
  - {requirement: store.encryption, element: '**/store/*', target: 'ovhcloud:GRA', accept: provider-key, reason: "accepted for the benchmark", until: 2027-11-30}
spaces:
  defaults:
    machines:
      desktop: {vcpus: 2, memory: 8GB, disk: {size: 100GB, key: projects}}
  projects:
"""
SPACE = """\
    {name}:
      ends: 2028-06-30
      members: 4
      stores:
        work: {{size: 500GB, key: projects, versioning: true}}
      machines:
        batch:
          count: 2
          vcpus: 4
          memory: 16GB
          disk: {{size: 200GB, key: projects}}
"""
FLOWS = """\
  - {{from: space/{name}, to: space/{name}/store/work, ports: [443]}}
  - {{from: space/{name}/machine/batch, to: zone/lake/store/snds, ports: [443]}}
"""
EXTRA = "  - {{from: zone/administration, to: space/{name}, ports: [22, 3389]}}\n"


def long_spec(lines: int) -> str:
    """A well-formed description of exactly so many lines (100 or more), written by the block and in braces."""
    room = lines - HEAD.count("\n") - 1
    spaces, rest = divmod(room, SPACE.count("\n") + FLOWS.count("\n"))
    if spaces < 1:
        raise ValueError(f"{lines} lines hold no space: ask 100 or more")
    names = [f"s{index:05d}" for index in range(spaces)]
    # What is left of the lines are flows of the first spaces, round and round.
    extra = "".join(EXTRA.format(name=names[index % spaces]) for index in range(rest))
    inside = "".join(SPACE.format(name=name) for name in names)
    return HEAD + inside + "flows:\n" + "".join(FLOWS.format(name=name) for name in names) + extra
