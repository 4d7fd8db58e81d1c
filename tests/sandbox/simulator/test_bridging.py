"""The plugin that becomes another: by the exact address and version of what is simulated, and by nothing else."""

import json

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from hdh_infra import contracts
from hdh_infra.sandbox.simulator.bridging import Bridge
from hdh_infra.sandbox.simulator.knowledge import BRIDGED, knowledge


class Refused(Exception):  # noqa: N818
    pass


class Context:
    def abort(self, code, words):
        raise Refused(code, words)


def asked(value):
    said = provider_pb2.ParameterizeRequest.ParametersValue(name="any", version="0.0.0", value=value)
    return Bridge(dict.fromkeys(BRIDGED)).Parameterize(provider_pb2.ParameterizeRequest(value=said), Context())


def told(**remote):
    return json.dumps({"remote": remote}).encode()


@pytest.mark.parametrize("package", BRIDGED)
def test_it_becomes_each_package_by_its_address_and_version(package):
    answer = asked(told(url=knowledge(package).bridge["url"], version=contracts.version(package)))
    assert (answer.name, answer.version) == (package, contracts.version(package))


@pytest.mark.parametrize(
    "value",
    [
        told(url="registry.opentofu.org/numspot/numspot", version="9.9.9"),
        told(url="registry.opentofu.org/hashicorp/aws", version="1.7.3"),
        told(version="1.7.3"),
        b"not JSON",
        b"{}",
    ],
)
def test_it_becomes_nothing_else(value):
    with pytest.raises(Refused) as refused:
        asked(value)
    assert refused.value.args[0] in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}


def test_all_of_them_are_one_bridge():
    assert {(knowledge(one).bridge["plugin"], knowledge(one).bridge["version"]) for one in BRIDGED} == {
        ("terraform-provider", "1.4.0")
    }
