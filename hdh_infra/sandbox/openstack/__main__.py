"""`python -m hdh_infra.sandbox.openstack up|down|status DIRECTORY [BASE_PORT]`: one box by hand, for finding faults.

`up` makes one tenant, `openstack-RegionOne`, with little in it. `hdh sandbox` is the command for users.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from hdh_infra.errors import HdhError
from hdh_infra.sandbox import openstack

_TENANT = openstack.Tenant(
    name="openstack-RegionOne",
    region="RegionOne",
    flavors=(openstack.Flavor("small", 1, 2048, 0),),
    images=(openstack.Image("debian-12", {"os_distro": "debian"}),),
    volume_types=(openstack.VolumeType("plain", encrypted=False), openstack.VolumeType("luks", encrypted=True)),
    external_network="public",
)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    """Do what the command line says; on `up`, the variables for a client on standard output."""
    parser = argparse.ArgumentParser(prog="python -m hdh_infra.sandbox.openstack")
    parser.add_argument("what", choices=("up", "down", "status"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("base_port", type=int, nargs="?", default=15000)
    chosen = parser.parse_args()
    try:
        if chosen.what == "up":
            running = openstack.start(chosen.directory, [_TENANT], chosen.base_port, _say)
            _say(f"ready after {running.seconds:.1f} s")
            for name, value in openstack.environment(chosen.directory, _TENANT.name).items():
                sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        elif chosen.what == "down":
            openstack.stop(chosen.directory)
        else:
            state = openstack.status(chosen.directory)
            for one in state.services:
                sys.stdout.write(f"{one.name:10} {one.url} pid {one.pid} {one.memory_mib:.0f} MiB\n")
            sys.stdout.write(f"{state}\n")
    except HdhError as error:
        _say(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
