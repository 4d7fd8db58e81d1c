"""What runs on proxies of clouds that tell a machine in another place what may pass: the same program, asking there."""

import io
import json

import pytest

from hdh_infra.clouds.exit_program import (
    ATTRIBUTE,
    IN_ATTRIBUTE,
    IN_METADATA,
    LONGEST_USER_DATA,
    Passing,
    fitting,
    is_known,
    items,
    said_in,
    start_up,
    start_up_with,
)

SAID = items({10_001: Passing({"pypi.org": ((443, 443),), "*.debian.org": ((80, 80), (443, 443))})})
USER_DATA = start_up_with(SAID)


def program_of(user_data):
    """The program as it is written to the machine's disk."""
    (text,) = [
        one["content"]
        for one in json.loads(user_data.partition("\n")[2])["write_files"]
        if one["path"] == "/usr/local/sbin/hdh-exit"
    ]
    found = {"__name__": "hdh_exit"}
    exec(compile(text, "hdh-exit", "exec"), found)
    return found


@pytest.mark.parametrize(
    ("user_data", "where", "header", "answer"),
    [
        (
            start_up(IN_METADATA),
            "http://169.254.169.254/openstack/latest/meta_data.json",
            None,
            json.dumps({"uuid": "1", "meta": SAID}),
        ),
        (USER_DATA, "http://169.254.169.254/latest/user-data", None, USER_DATA),
        (
            start_up(IN_ATTRIBUTE),
            f"http://169.254.169.254/computeMetadata/v1/instance/attributes/{ATTRIBUTE}",
            "Google",
            json.dumps({"meta": SAID}),
        ),
    ],
)
def test_the_program_finds_what_may_pass_where_its_cloud_says_it(
    user_data, where, header, answer, tmp_path, monkeypatch
):
    program = program_of(user_data)
    asked = []

    def urlopen(request, timeout):
        asked.append((getattr(request, "full_url", request), timeout))
        given = request.get_header("Metadata-flavor") if hasattr(request, "get_header") else None
        assert given == header
        return io.BytesIO(answer.encode())

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    made = tmp_path / "squid.conf"
    ran = []
    program.update(CONFIGURATION=made, _prepare=lambda: None, _run=lambda *words: ran.append(words[0]))
    program["main"]()
    assert asked == [(where, 20)]
    assert made.read_text() == program["configuration"](SAID)
    assert "pypi.org" in made.read_text()
    assert ran == ["/usr/sbin/squid", "systemctl"]


def test_start_up_data_say_what_may_pass_only_where_their_program_is_a_known_one():
    assert said_in(USER_DATA) == SAID
    assert said_in(USER_DATA.replace("pypi.org", "example.org")) != SAID
    for other in (
        None,
        "",
        "#!/bin/sh\n",
        "#cloud-config\n{",
        "#cloud-config\n[]\n",
        start_up(IN_METADATA),
        USER_DATA.replace("http_access deny all", "http_access allow all"),
        USER_DATA.replace('"users": []', '"users": ["default"]'),
        USER_DATA.replace('"mask"', '"unmask"'),
        f"{USER_DATA}\n",
    ):
        assert said_in(other) is None, other


def test_a_program_that_asks_elsewhere_is_another():
    assert is_known(start_up(IN_ATTRIBUTE), IN_ATTRIBUTE)
    assert not is_known(start_up(IN_ATTRIBUTE))
    assert not is_known(start_up(), IN_ATTRIBUTE)
    assert not is_known(USER_DATA)


def test_what_start_up_data_have_no_room_for_is_not_let_pass():
    many = items({10_001: Passing({f"host-{number:04}.example.org": ((443, 443),) for number in range(900)})})
    kept = fitting(many)
    assert fitting(SAID) == SAID
    assert 0 < len(kept) < len(many)
    assert kept.items() <= many.items()
    assert len(start_up_with(kept).encode()) <= LONGEST_USER_DATA
