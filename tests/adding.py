"""Packages that add clouds by an entry point, as an installer leaves them, put on the path and taken off it again."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from hdh_infra import contracts
from hdh_infra.catalogue import load
from hdh_infra.catalogue.sources import CATALOGUE, GROUP
from hdh_infra.clouds import cloud
from hdh_infra.sandbox.simulator import added as simulated

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "third_party_cloud"
TARGET = "saintexemple:dc1"


def install(folder: Path, project: dict, packages: Path) -> None:
    """What an installer leaves of a package: its modules, and beside them the metadata that its project file asks for."""
    named = project["name"]
    info = folder / f"{named.replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {named}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    points = "".join(f"{name} = {value}\n" for name, value in project["entry-points"][GROUP].items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}", encoding="utf-8")
    for package in packages.iterdir():
        if package.is_dir():
            shutil.copytree(package, folder / package.name, dirs_exist_ok=True)


def install_example(folder: Path) -> Path:
    """A folder that the example is installed in, as its own project file says."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    install(folder, project, EXAMPLE)
    return folder


def forget() -> None:
    """As in a process that has asked for nothing yet."""
    importlib.invalidate_caches()
    load.forget()
    contracts.forget()
    simulated.forget()
    cloud.cache_clear()


def putting_on_path(monkeypatch):
    """Puts folders of installed packages on the path, and everything as it was afterwards."""
    before = set(sys.modules)

    def put(*folders: Path) -> None:
        for folder in folders:
            monkeypatch.syspath_prepend(str(folder))
        forget()

    yield put
    monkeypatch.undo()
    for name in set(sys.modules) - before:
        if name.startswith(("hdh_cloud_", "other_")):
            del sys.modules[name]
    forget()


def other(
    folder: Path,
    name: str,
    *,
    package: str = "other-clouds",
    module: str = "other_cloud",
    code: str = "",
    text: str | None = None,
    files: dict[str, str] | None = None,
) -> Path:
    """A folder with a package that adds a cloud, or means to."""
    packages = folder / "made"
    (packages / module).mkdir(parents=True)
    (packages / module / "__init__.py").write_text(code, encoding="utf-8")
    if text is not None:
        (packages / module / CATALOGUE).write_text(text, encoding="utf-8")
    for path, content in (files or {}).items():
        file = packages / module / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    install(folder / "site", {"name": package, "version": "1", "entry-points": {GROUP: {name: module}}}, packages)
    return folder / "site"


def written(cloud: str = "other", **changed) -> str:
    """The example's own file under another name; JSON is YAML."""
    found = load.Catalogue.model_validate(yaml_of(EXAMPLE / "hdh_cloud_saintexemple" / CATALOGUE)).model_dump(
        mode="json"
    )
    found["cloud"] = cloud
    found["offers"][0] |= changed
    return json.dumps(found)


def yaml_of(file: Path):
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))


def hdh_says(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """The command line where the package is installed."""
    paths = os.pathsep.join([str(ROOT), str(folder)])
    return subprocess.run(
        [sys.executable, "-m", "hdh_infra.cli.main", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
    )
