"""What of an EC2-style server's answer is told, and what is not, since it may hold what is secret."""

import pytest

from hdh_infra.clouds.exit_program import start_up_with
from hdh_infra.live import ec2

PROXY = start_up_with({"exit-hosts-10001-0": "pypi.org:443"})


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (PROXY, True),
        (f"{PROXY}\n", False),
        (PROXY.replace("http_access deny all", "http_access allow all"), False),
        ("#!/bin/sh\nexport PASSWORD=1\n", False),
        (None, False),
    ],
)
def test_user_data_are_told_only_where_they_are_word_for_word_a_proxys(data, told):
    native = ec2._native("x/server", "hdh:ec2:Instance", "i-1", {"instanceType": "t", "userData": data})
    assert native.properties == {"instanceType": "t", **({"userData": data} if told else {})}
