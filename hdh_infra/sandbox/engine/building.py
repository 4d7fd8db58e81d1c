"""Building the engine and the OpenStack plugin from pinned Go modules, into the user's cache.

It deliberately uses the user's own Go, module cache and module proxy, and downloads no toolchain. What is built is
named by its version and the digest of its sources, so that a change of either builds anew and nothing is built twice.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hdh_infra.errors import EngineError
from hdh_infra.sandbox.engine.waiting import Say, alone, run
from hdh_infra.sandbox.paths import cache_dir

ENGINE_VERSION = "3.259.0"
OPENSTACK_VERSION = "5.5.3"
SDK = "github.com/pulumi/pulumi/sdk/v3"
INSTALL_GO = "https://go.dev/dl/"
LIMIT = 3600.0
"""Seconds for one build: ten times what two cores take from an empty module cache."""
_SOURCES = Path(__file__).parent / "go"
_SUFFIXES = {".go", ".mod", ".sum", ".json"}
_UNSUMMED = "github.com/terraform-provider-openstack"
"""The one module that the checksum database does not know; `go.sum` pins it all the same."""
_BESIDE = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
"""Scripts of the SDK that the language host and the engine call by name."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program to build: its folder under `go/`, its package, its file name and the linker's extra flags."""

    folder: str
    package: str
    binary: str
    flags: str = ""


CLI = Program(
    "cli",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    "pulumi",
    f"-X {SDK}/go/common/version.Version=v{ENGINE_VERSION}",
)
LANGUAGE = Program("language", f"{SDK}/python/cmd/pulumi-language-python", "pulumi-language-python")
OPENSTACK = Program("openstack", ".", "pulumi-resource-openstack")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is built together and kept in one folder."""

    name: str
    version: str
    programs: tuple[Program, ...]
    scripts: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """Where it stands once it is built; made whole or not at all."""
        return root() / f"{self.name}{self.version}-{digest(self.programs)}"

    @property
    def built(self) -> bool:
        """Whether it stands there."""
        return self.directory.is_dir()


ENGINE = Kept("", ENGINE_VERSION, (LANGUAGE, CLI), _BESIDE)
PLUGIN = Kept("openstack-", OPENSTACK_VERSION, (OPENSTACK,))


def root() -> Path:
    """The folder of all engines and plugins in the user's cache."""
    return cache_dir() / "engine"


def source(program: Program) -> Path:
    """The folder of a program's sources, in this package."""
    return _SOURCES / program.folder


def digest(programs: tuple[Program, ...]) -> str:
    """Twelve hexadecimal digits over the sources, the flags and the kind of machine."""
    found = hashlib.sha256(sysconfig.get_platform().encode())
    for program in programs:
        found.update(f"\0{program.package}\0{program.flags}".encode())
        for file in sorted(one for one in source(program).iterdir() if one.suffix in _SUFFIXES):
            found.update(f"\0{file.name}\0".encode())
            found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:12]


def build(kept: Kept, say: Say) -> Path:
    """Build what is not built yet, and give its folder.

    Two processes do not build at once, the second finds what the first made: a build uses every core by itself.

    Raises:
        EngineError: there is no Go, it is too old, a module cannot be had, or a build failed.
    """
    if kept.built:
        return kept.directory
    go = _go(kept)
    with alone(root() / "lock", _words(kept), say):
        if kept.built:
            return kept.directory
        with tempfile.TemporaryDirectory(prefix=".building-", dir=root()) as temporary:
            made = Path(temporary) / "made"
            made.mkdir()
            for program in kept.programs:
                _compile(go, program, made, say)
            for script in kept.scripts:
                _copy_script(go, script, made)
            made.rename(kept.directory)
    return kept.directory


def environment(caller: Mapping[str, str]) -> dict[str, str]:
    """The environment of a build: the caller's, less what would make it another build than the pinned one."""
    unsummed = ",".join(filter(None, (caller.get("GONOSUMDB"), _UNSUMMED)))
    return {
        **caller,
        "GOFLAGS": "",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GO111MODULE": "on",
        "GONOSUMDB": unsummed,
    }


def wanted_go(kept: Kept) -> tuple[int, ...]:
    """The oldest Go that the modules of a build permit."""
    return max(
        _numbers(line.removeprefix("go "))
        for program in kept.programs
        for line in (source(program) / "go.mod").read_text().splitlines()
        if line.startswith("go ")
    )


def _go(kept: Kept) -> str:
    wanted = ".".join(map(str, wanted_go(kept)))
    remedy = (
        f"Install Pulumi (https://www.pulumi.com/docs/install/), or Go {wanted} or newer ({INSTALL_GO}) to build it here, "
        "and try again; validate, assess, plan and compare need neither"
    )
    go = shutil.which("go")
    if go is None:
        raise EngineError(
            "engine", f"{_words(kept)} is not here, its download site does not answer and there is no Go", remedy
        )
    asked = subprocess.run(  # noqa: S603 - the user's own Go
        [go, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, check=False, env=environment(os.environ)
    )
    found = asked.stdout.strip().removeprefix("go")
    if _numbers(found) < wanted_go(kept):
        raise EngineError(
            "engine",
            f"Go {found or 'of no known version'} is too old to build {_words(kept)}, wanted is {wanted}",
            remedy,
        )
    return go


def _compile(go: str, program: Program, into: Path, say: Say) -> None:
    try:
        run(
            [
                *(go, "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-v"),
                *("-ldflags", f"-s -w {program.flags}".rstrip(), "-o", str(into / program.binary), program.package),
            ],
            what=f"building {program.binary} from Go modules (some minutes, once)",
            log=root() / f"{program.binary}.log",
            say=say,
            limit=LIMIT,
            cwd=source(program),
            env=environment(os.environ),
        )
    except EngineError as error:
        remedy = (
            f"Look whether the module proxy is reached (`go env GOPROXY`) and the disk has 6 GB; {error.remedy[0].lower()}"
            f"{error.remedy[1:]}. Or install Pulumi: https://www.pulumi.com/docs/install/"
        )
        raise EngineError(error.where, error.what, remedy) from error


def _copy_script(go: str, script: str, into: Path) -> None:
    asked = subprocess.run(  # noqa: S603 - the user's own Go
        [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK],
        cwd=source(CLI),
        env=environment(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    file = Path(asked.stdout.strip()) / script
    if asked.returncode != 0 or not file.is_file():
        raise EngineError(
            "engine",
            f"the module {SDK} has no {script}",
            f"Empty the module cache (`go clean -modcache`): {asked.stderr}",
        )
    target = into / file.name
    shutil.copyfile(file, target)
    target.chmod(0o755)


def _words(kept: Kept) -> str:
    return "the OpenStack plugin" if kept is PLUGIN else "the Pulumi engine"


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
