"""The command line as a user calls it: the same `main`, its exit code, and what it wrote where."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def small():
    return ROOT / "examples" / "small.yaml"


@pytest.fixture
def without_waivers(small, tmp_path):
    text = small.read_text(encoding="utf-8")
    file = tmp_path / "strict.yaml"
    file.write_text(text[: text.index("waivers:")], encoding="utf-8")
    return file


@pytest.fixture
def hdh(capsys, monkeypatch):
    """Run `hdh WORDS`; a traceback is a failure of the test."""
    from hdh_infra.cli.main import main

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["hdh", *map(str, words)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code or 0
        written = capsys.readouterr()
        return Answer(code, written.out, written.err)

    return run
