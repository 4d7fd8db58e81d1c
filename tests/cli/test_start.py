"""What is imported before it is needed: the budget of the start is kept by not loading, not by a stop watch."""

import subprocess
import sys

import pytest

HEAVY = (
    "pulumi",
    "boto3",
    "botocore",
    "grpc",
    "openstack",
    "keystoneauth1",
    "psutil",
    "google",
    "hypothesis",
    "pytest",
)
DATA = ("rich", "pydantic", "ruamel", "typer", "hdh_infra.model", "hdh_infra.catalogue", "hdh_infra.clouds")


def loaded(statement):
    code = f"import sys\n{statement}\nprint('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {
        name
        for line in done.stdout.splitlines()
        for name in (line, line.partition(".")[0], ".".join(line.split(".")[:2]))
    }


def test_importing_the_library_loads_no_model_no_sdk_and_no_engine():
    assert not loaded("import hdh_infra") & {*HEAVY, *DATA}


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_loads_no_model_no_sdk_and_no_engine(words):
    statement = (
        f"import contextlib, io\nsys.argv = ['hdh', *{words!r}]\nfrom hdh_infra.cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n    main()"
    )
    assert not loaded(statement) & ({*HEAVY, *DATA} - {"typer"})


@pytest.mark.parametrize(
    "words", [["plan", "examples/small.yaml"], ["compare", "examples/small.yaml", "--format", "json"]]
)
def test_planning_and_comparing_load_no_sdk_and_no_engine(words, small):
    called = [str(small) if word.endswith(".yaml") else word for word in words]
    statement = (
        f"import contextlib, io\nsys.argv = ['hdh', *{called!r}]\nfrom hdh_infra.cli.main import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n    main()"
    )
    assert not loaded(statement) & set(HEAVY)
