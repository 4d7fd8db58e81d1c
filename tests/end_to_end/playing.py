"""A user at the keyboard and the servers' own answers: `hdh` and `pulumi` as processes, openstacksdk, boto3, the reader.

What a user's shell holds and nothing more: no credential of this machine reaches a command.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import hdh_infra as hdh
from hdh_infra.graph.plan import Plan
from hdh_infra.planning.lock_file import read_lock

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
KEPT = (
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "USER",
    "XDG_CACHE_HOME",
    "HDH_CACHE_DIR",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
)
PATIENCE = 400
"""Seconds after which a command is taken to hang."""


@dataclass(frozen=True)
class Said:
    """What a command said."""

    words: str
    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return f"$ {self.words}\n{self.out}\n{self.err}\n(exit {self.code})"

    def well(self) -> Said:
        """The same, where the command ended well."""
        assert self.code == 0, self.all
        return self

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class User:
    """One shell, its sandbox, and everything that its commands said."""

    folder: Path
    port: int
    heard: list[Said] = field(default_factory=list)

    @property
    def box(self) -> Path:
        return self.folder / "box"

    @cached_property
    def shell(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
        return {**kept, "PATH": path, "HDH_SANDBOX_DIR": str(self.box), "HDH_SANDBOX_PORT": str(self.port)}

    def run(
        self, *words: str, shell: Mapping[str, str] | None = None, at: Path | None = None, secret: bool = False
    ) -> Said:
        """Run a command; what it says is remembered, but where it is asked for secrets."""
        done = subprocess.run(
            [shutil.which(words[0], path=(shell or self.shell)["PATH"]) or words[0], *words[1:]],
            env=dict(self.shell if shell is None else shell),
            cwd=at or self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        said = Said(" ".join(words), done.returncode, done.stdout, done.stderr)
        if not secret:
            self.heard.append(said)
        return said

    def sandbox_shell(self, target: str) -> dict[str, str]:
        """The shell after `eval "$(hdh sandbox env TARGET)"`."""
        shell = dict(self.shell)
        for line in self.run("hdh", "sandbox", "env", target, secret=True).well().out.splitlines():
            (verb, rest) = line.split(" ", 1)
            name, _, value = rest.partition("=")
            if verb == "unset":
                shell.pop(name, None)
            else:
                (shell[name],) = shlex.split(value) or [""]
        return shell


@dataclass
class Deployment:
    """A copy of the example and of the stack project, on one target of the sandbox."""

    user: User
    target: str
    folder: Path
    name: str = "small"
    """The description's."""
    before: frozenset[str] = frozenset()
    """What the servers held before anything was deployed."""
    first: Mapping[str, Any] = field(default_factory=dict)
    """What the first `up` answered."""

    @classmethod
    def make(cls, user: User, target: str, folder: Path) -> Deployment:
        (folder / "examples").mkdir(parents=True)
        for name in ("small.yaml", "small.lock"):
            shutil.copy(ROOT / "examples" / name, folder / "examples" / name)
        shutil.copytree(ROOT / "stacks" / "platform", folder / "stacks" / "platform")
        return cls(user, target, folder)

    @classmethod
    def of(cls, source: Path, user: User, target: str, folder: Path) -> Deployment:
        """A copy of any description, with a lock of its own."""
        (folder / "examples").mkdir(parents=True)
        shutil.copytree(ROOT / "stacks" / "platform", folder / "stacks" / "platform")
        made = cls(user, target, folder, source.stem)
        # What it includes of the examples lies beside it.
        text = source.read_text(encoding="utf-8").replace("../../../examples/", "")
        made.spec.write_text(text, encoding="utf-8")
        shutil.copy(ROOT / "examples" / "small.yaml", made.spec.with_name("small.yaml"))
        user.run("hdh", "lock", str(made.spec)).well()
        return made

    @property
    def cloud(self) -> str:
        return self.target.split(":", 1)[0]

    @property
    def stack(self) -> str:
        return hdh.Target.parse(self.target).stack + ("" if self.name == "small" else f"-{self.name}")

    @property
    def spec(self) -> Path:
        return self.folder / "examples" / f"{self.name}.yaml"

    @cached_property
    def shell(self) -> dict[str, str]:
        return self.user.sandbox_shell(self.target)

    @cached_property
    def plan(self) -> Plan:
        """What is promised, made without any engine from the example as it was first deployed."""
        import datetime

        platform = hdh.load(self.spec)
        lock = read_lock(self.spec.with_suffix(".lock"))
        return hdh.plan(platform, self.target, lock=lock, today=datetime.datetime.now(tz=datetime.UTC).date())

    def hdh(self, command: str, *words: str) -> Said:
        """`hdh COMMAND SPEC --on TARGET --sandbox ...`."""
        on = ("--on", self.target, "--stack", self.stack, "--sandbox")
        return self.user.run("hdh", command, str(self.spec), *on, *words)

    def up(self, *words: str) -> Any:
        """What `hdh up` answers."""
        return self.hdh("up", "--yes", "--format", "json", *words).well().json()

    def compare(self, *words: str) -> Said:
        """`hdh compare --deployed`."""
        return self.user.run(
            "hdh",
            "compare",
            str(self.spec),
            "--deployed",
            f"{self.stack}={self.target}",
            "--sandbox",
            "--format",
            "json",
            *words,
        )

    def pulumi(self, *words: str, shell: Mapping[str, str] | None = None, secret: bool = False) -> Said:
        """Plain `pulumi` in the copied project, in a shell set up for the sandbox."""
        return self.user.run(
            "pulumi",
            *words,
            "--stack",
            self.stack,
            shell=shell or self.shell,
            at=self.folder / "stacks" / "platform",
            secret=secret,
        )

    def credentials(self) -> dict[str, dict[str, str]]:
        """The stack's secret output, by the element that the credentials are for."""
        said = self.pulumi("stack", "output", "--json", "--show-secrets", secret=True).well().json()
        found: dict[str, dict[str, str]] = {}
        for path, values in said.get("credentials", {}).items():
            machine = re.match(r"(?:zone|space)/[^/]+/machine/[^/]+", path)
            found.setdefault(machine[0] if machine else path, {}).update(values)
        return found

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Everything that must never be seen: what the stack made, and what the shell holds."""
        found = {
            value
            for values in self.credentials().values()
            for name, value in values.items()
            if any(word in name.lower() for word in ("secret", "password", "token"))
        }
        found |= {self.shell[name] for name in ("OS_PASSWORD", "AWS_SECRET_ACCESS_KEY") if name in self.shell}
        return frozenset({*found, Path(self.shell["PULUMI_CONFIG_PASSPHRASE_FILE"]).read_text().strip()})

    def edit(self, change: Callable[[Any], None]) -> str:
        """Change the copied spec, comments and all; its text before."""
        before = self.spec.read_text()
        yaml = YAML()
        yaml.width = 400
        document = yaml.load(before)
        change(document)
        with self.spec.open("w") as stream:
            yaml.dump(document, stream)
        return before

    # -- the servers themselves

    @cached_property
    def openstack(self) -> Any:
        """The tenant's own connection."""
        import openstack

        names = {
            "auth_url": "OS_AUTH_URL",
            "username": "OS_USERNAME",
            "password": "OS_PASSWORD",
            "project_name": "OS_PROJECT_NAME",
            "user_domain_name": "OS_USER_DOMAIN_NAME",
            "project_domain_name": "OS_PROJECT_DOMAIN_NAME",
            "region_name": "OS_REGION_NAME",
        }
        with _calmly():
            return openstack.connect(**{name: self.shell[variable] for name, variable in names.items()})

    @cached_property
    def administrator(self) -> Any:
        """The operator of the sandbox's OpenStack, who alone sees users and projects."""
        secret = json.loads((self.user.box / "openstack" / "secrets.json").read_text())["admin"]
        return self.connected(username="admin", password=secret, project_name="admin", project_domain_name="Default")

    def connected(self, **who: str) -> Any:
        """A connection of any user of the sandbox's OpenStack."""
        import openstack

        place = {"auth_url": self.shell["OS_AUTH_URL"], "region_name": self.shell["OS_REGION_NAME"]}
        with _calmly():
            return openstack.connect(**place, user_domain_name="Default", **who)

    def token(self, connection: Any) -> str:
        """The token of a connection."""
        with _calmly():
            return str(connection.session.get_token())

    def s3(self, key: Mapping[str, str] | None = None) -> Any:
        """A client of the sandbox's S3 server: the deployer's, or one with a machine's own key."""
        return self._client("s3", key or self.deployer)

    @property
    def deployer(self) -> dict[str, str]:
        return {
            "accessKeyId": self.shell["AWS_ACCESS_KEY_ID"],
            "secretAccessKey": self.shell["AWS_SECRET_ACCESS_KEY"],
        }

    def _client(self, service: str, key: Mapping[str, str]) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self.shell["HDH_EC2_ENDPOINT" if service == "ec2" else "HDH_S3_ENDPOINT"],
            region_name=hdh.Target.parse(self.target).region if service == "ec2" else "us-east-1",
            aws_access_key_id=key["accessKeyId"],
            aws_secret_access_key=secret_of(key),
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        )

    def inventory(self) -> frozenset[str]:
        """`kind id` of everything on every server that the target has."""
        found: list[str] = []
        if "OS_AUTH_URL" in self.shell:
            found += self._on_openstack()
        if "HDH_S3_ENDPOINT" in self.shell:
            found += self._on_s3()
        if "HDH_EC2_ENDPOINT" in self.shell:
            found += self._on_ec2()
        found += [f"simulated {one['type']} {one['id']}" for one in self.simulated()]
        return frozenset(found)

    def clear(self) -> None:
        """Take away what a failed test left behind: it must not be there for the next deployment."""
        if self.inventory() - self.before:
            self.hdh("destroy", "--yes", "--delete-data")

    def simulated(self, *, deleted: bool = False) -> list[Any]:
        """What the simulator holds; with `deleted` what the cloud still keeps, too."""
        from hdh_infra.sandbox.simulator import Cloud

        return list(Cloud(self.user.box / "simulator").resources(include_deleted=deleted))

    def listed(self, service: str, path: str, name: str) -> list[Any]:
        """One list of an OpenStack service, as its own client asks for it; of this project alone."""
        mine = {self.openstack.current_project_id, None}
        found = self.ask(service, "get", path)[name]
        return [one for one in found if one.get("project_id", one.get("tenant_id")) in mine]

    def ask(self, service: str, verb: str, path: str, **words: Any) -> Any:
        """One request to an OpenStack service, as its own client makes it."""
        with _calmly():
            answer = getattr(getattr(self.openstack, service), verb)(path, **words)
        assert answer.status_code < 300, (path, answer.status_code)
        return answer.json() if answer.content else None

    def operate(self, service: str, verb: str, path: str, **words: Any) -> Any:
        """The same, as the operator."""
        with _calmly():
            answer = getattr(getattr(self.administrator, service), verb)(path, **words)
        assert answer.status_code < 300, (path, answer.status_code)
        return answer.json() if answer.content else None

    def _on_openstack(self) -> list[str]:
        asked = (
            ("network", "/networks", "networks"),
            ("network", "/subnets", "subnets"),
            ("network", "/routers", "routers"),
            ("network", "/ports", "ports"),
            ("network", "/security-groups", "security_groups"),
            ("network", "/security-group-rules", "security_group_rules"),
            ("network", "/floatingips", "floatingips"),
            ("network", "/address-groups", "address_groups"),
            ("compute", "/servers", "servers"),
            ("compute", "/os-server-groups", "server_groups"),
            ("block_storage", "/volumes", "volumes"),
            ("block_storage", "/snapshots", "snapshots"),
            ("key_manager", "/secrets", "secrets"),
            ("key_manager", "/orders", "orders"),
            ("key_manager", "/containers", "containers"),
        )
        found = []
        for service, path, name in asked:
            for one in self.listed(service, path, name):
                identity = one.get("id") or one.get(f"{name[:-1]}_ref")
                found.append(f"{name} {identity}")
        keypairs = self.ask("compute", "get", "/os-keypairs")["keypairs"]
        found += [f"keypair {one['keypair']['name']}" for one in keypairs]
        # Users, projects and credentials are the operator's to see.
        for name in ("users", "projects", "credentials"):
            found += [f"{name} {one['id']}" for one in self.operate("identity", "get", f"/{name}")[name]]
        return found

    def _on_ec2(self) -> list[str]:
        asked = (
            ("describe_vpcs", "Vpcs", "VpcId"),
            ("describe_subnets", "Subnets", "SubnetId"),
            ("describe_route_tables", "RouteTables", "RouteTableId"),
            ("describe_security_groups", "SecurityGroups", "GroupId"),
            ("describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"),
            ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
            ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
            ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
            ("describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId"),
            ("describe_volumes", "Volumes", "VolumeId"),
            ("describe_addresses", "Addresses", "AllocationId"),
            ("describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
            ("describe_key_pairs", "KeyPairs", "KeyName"),
        )
        ec2, ended = self._client("ec2", self.deployer), {"terminated", "deleted", "shutting-down", "deleting"}
        found = []
        for question, name, identity in asked:
            for one in getattr(ec2, question)()[name]:
                state = one.get("State") or one.get("Status") or ""
                # What has ended is told for a while.
                if (state["Code"] if isinstance(state, dict) else state) not in ended:
                    found.append(f"{name} {one[identity]}")
        machines = [one for some in ec2.describe_instances()["Reservations"] for one in some["Instances"]]
        return found + [f"Instances {one['InstanceId']}" for one in machines if one["State"]["Name"] not in ended]

    def _on_s3(self) -> list[str]:
        s3, iam = self.s3(), self._client("iam", self.deployer)
        found = []
        for bucket in s3.list_buckets().get("Buckets", []):
            found.append(f"bucket {bucket['Name']}")
            versions = s3.list_object_versions(Bucket=bucket["Name"])
            found += [
                f"object {bucket['Name']}/{one['Key']}@{one['VersionId']}" for one in versions.get("Versions", [])
            ]
        for user in iam.list_users().get("Users", []):
            found.append(f"user {user['UserName']}")
            keys = iam.list_access_keys(UserName=user["UserName"]).get("AccessKeyMetadata", [])
            found += [f"access key {one['AccessKeyId']}" for one in keys]
        return found

    def buckets(self) -> dict[str, str]:
        """The planned buckets by their store."""
        return {
            str(node.element): str(node.properties["bucket"])
            for node in self.plan.nodes
            if node.type == "hdh:s3:Bucket"
        }


def secret_of(credentials: Mapping[str, str]) -> str:
    """The secret half of an S3 key, whatever the maker calls it."""
    return credentials.get("secretAccessKey") or credentials["secret"]


@contextlib.contextmanager
def _calmly() -> Iterator[None]:
    """The SDK warns of its own coming releases; that is no failure of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _another(deployed: Deployment, roles: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name and password of a new user of a deployment's project with some roles, made and taken away by the sandbox's own admin."""
    import secrets

    from hdh_infra.sandbox.openstack import layout
    from hdh_infra.sandbox.openstack.rest import Client

    saved = layout.saved(deployed.user.box / "openstack")
    assert saved is not None
    box = saved[0]
    name, password = f"another-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    project = deployed.openstack.current_project_id
    with Client(box, "admin", box.secrets().admin, "admin") as admin:
        described = {"user": {"name": name, "domain_id": "default", "password": password}}
        user = admin.post("identity", "/users", described)["user"]["id"]
        known = {one["name"]: one["id"] for one in admin.get("identity", "/roles")["roles"]}
        for role in roles:
            admin.put("identity", f"/projects/{project}/users/{user}/roles/{known[role]}")
        try:
            yield name, password
        finally:
            admin.delete("identity", f"/users/{user}")


@contextlib.contextmanager
def colleague(deployed: Deployment) -> Iterator[Any]:
    """A connection of another user of the same project, with the roles of the deployment's own."""
    import openstack

    with _another(deployed, ("member", "creator")) as (name, password):
        with _calmly():
            connection = openstack.connect(
                load_envvars=False,
                auth_url=deployed.shell["OS_AUTH_URL"],
                username=name,
                password=password,
                project_id=deployed.openstack.current_project_id,
                user_domain_name="Default",
                region_name=deployed.shell["OS_REGION_NAME"],
            )
        try:
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def reader(deployed: Deployment) -> Iterator[dict[str, str]]:
    """The variables of a user who may only look."""
    with _another(deployed, ("reader",)) as (name, password):
        yield {"OS_USERNAME": name, "OS_PASSWORD": password}
