"""Reading contracts out of installed SDK packages, as text: `python -m hdh_infra.contracts.extract [--check]`.

Contracts of a package of your own are made by the same command (`making`): `... extract schema|sdk|terraform`.

No SDK is imported: the classes of azure-native alone are 250 MB of Python. A type's class file is found by the
package's own table, its argument class is parsed, and nested classes are cut out of `_inputs.py` by their
first line, since parsing five megabytes takes seconds. A wire name is what the getter says, never a guess.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
MODULES = {
    "azure-native": "pulumi_azure_native",
    "gcp": "pulumi_gcp",
    "openstack": "pulumi_openstack",
    "ovh": "pulumi_ovh",
    "scaleway": "pulumiverse_scaleway",
}
AZURE: Mapping[str, str] = {
    "resources": "ResourceGroup",
    "network": (
        "VirtualNetwork Subnet NetworkSecurityGroup SecurityRule RouteTable Route VirtualNetworkPeering PrivateEndpoint PrivateDnsZoneGroup "
        "NetworkInterface NatGateway PublicIPAddress BastionHost AzureFirewall FirewallPolicy ApplicationSecurityGroup "
        "FirewallPolicyRuleCollectionGroup NetworkWatcher FlowLog"
    ),
    "privatedns": "PrivateZone VirtualNetworkLink PrivateRecordSet",
    "storage": "StorageAccount BlobContainer BlobServiceProperties BlobContainerImmutabilityPolicy ManagementPolicy",
    "keyvault": "Vault Key Secret ManagedHsm",
    "managedidentity": "UserAssignedIdentity",
    "authorization": "RoleAssignment RoleDefinition",
    "compute": "VirtualMachine Disk DiskEncryptionSet SshPublicKey AvailabilitySet",
    "monitor": "DiagnosticSetting",
    "dataprotection": "BackupVault BackupPolicy BackupInstance",
    "operationalinsights": "Workspace",
}
GCP: Mapping[str, str] = {
    "compute": (
        "Address AttachedDisk Disk Firewall ForwardingRule GlobalAddress GlobalForwardingRule Image Instance Network NetworkFirewallPolicy "
        "NetworkFirewallPolicyAssociation NetworkFirewallPolicyRule NetworkPeering RegionDisk ResourcePolicy Route Router RouterNat Snapshot Subnetwork"
    ),
    "dns": "ManagedZone RecordSet",
    "kms": "CryptoKey CryptoKeyIAMBinding CryptoKeyIAMMember CryptoKeyIAMPolicy EkmConnection KeyRing KeyRingIAMMember",
    "logging": "ProjectBucketConfig ProjectSink",
    "projects": "IAMAuditConfig IAMBinding IAMCustomRole IAMMember Service ServiceIdentity",
    "serviceaccount": "Account IAMMember",
    "storage": "Bucket BucketIAMBinding BucketIAMMember BucketIAMPolicy",
}
OVH_PREFIXES = (
    "ovh:CloudProject/user:", "ovh:CloudProject/s3", "ovh:CloudProject/storage", "ovh:CloudProject/networkPrivate", "ovh:CloudProject/gateway",
    "ovh:CloudProject/instance:", "ovh:CloudProject/volume", "ovh:Okms/", "ovh:index/cloud", "ovh:Vrack/", "ovh:Iam/",
)  # fmt: skip
SCALEWAY: Mapping[str, str] = {
    "account": "project",
    "block": "snapshot volume",
    "iam": "apiKey application group policy sshKey",
    "instance": "ip placementGroup privateNic securityGroup server",
    "ipam": "ip",
    "keymanager": "key keyMaterial",
    "network": "acl connector gatewayNetwork ingressRule privateNetwork publicGateway publicGatewayIp publicGatewayPatRule route vpc",
}
"""Types of Scaleway by the module of the package; the tokens at its root are old names of these."""
FUNCTIONS: Mapping[str, str] = {
    "azure-native": (
        r"azure-native:(authorization:getClientConfig|network:get(NetworkWatcher|VirtualNetwork|PrivateEndpoint|NetworkInterface)"
        r"|keyvault:get(Key|Vault|ManagedHsm)|storage:get(StorageAccount|BlobContainerImmutabilityPolicy))"
    ),
    "gcp": r"gcp:(organizations/getProject|storage/getProjectServiceAccount|compute/getImage|kms/get(KMSCryptoKey|KMSKeyRing)|storage/getBucket):.*",
    "openstack": r"openstack:.*",
    "ovh": r"ovh:CloudProject/get(Project|Region|Regions|User|VRack|Flavors|Images?|NetworkPrivates?)\b.*|ovh:Okms/.*|ovh:Me/getMe:.*|ovh:index/getOkms.*",
    "scaleway": r"scaleway:(account/getProject|audittrail/getEvent|instance/getImage|instance/getServerType|network/getVpc|network/getPrivateNetwork):.*",
}
"""Data sources of each package, as patterns of whole tokens."""
_API = re.compile(r"Uses Azure REST API version ([\w-]+)")
_SCALARS = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}
_EXPECTED = re.compile(r":param \S+ (\w+):[^:]*?Expected value is '([^']+)'", re.DOTALL)
_DEFAULT = re.compile(r"if (\w+) is None:\n\s+\1 = ((?:'[^']*'|[\d.]+|True|False))\n")


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _slices(file: Path) -> dict[str, str]:
    """Class name to the text of the class, its decorator and what follows it left out."""
    text = _text(file)
    starts = [(found.start(), found[1]) for found in re.finditer(r"^class (\w+)", text, re.MULTILINE)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    found = {}
    for (start, name), end in zip(starts, ends, strict=True):
        # The decorator of the next class stands behind this one; docstrings have lines at the margin, so nothing else tells.
        found[name] = text[start:end].rsplit("\n@pulumi.", 1)[0]
    return found


def installed(name: str) -> bool:
    """Whether the SDK of a package is there to be read."""
    return importlib.util.find_spec(MODULES[name]) is not None


class Package:
    """One installed SDK package."""

    def __init__(self, name: str, module: str | None = None) -> None:
        """Find one: by the name of a package that this one knows, or by the module of any."""
        module = module or MODULES[name]
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise SystemExit(f"{module} is not installed: install the development packages first")
        self.name = name
        self.root = Path(spec.origin).parent
        plugin = json.loads(_text(self.root / "pulumi-plugin.json"))
        self.version: str = plugin["version"]
        # Where the engine finds the plugin, of a package that is in no registry of Pulumi's own.
        self.server: str | None = plugin.get("server")
        init = _text(self.root / "__init__.py")
        table = init[init.index('resource_modules="""') + len('resource_modules="""') :]
        self.classes: dict[str, tuple[str, str]] = {
            token: (module["fqn"], cls)
            for module in json.loads(table[: table.index('"""')])
            for token, cls in module["classes"].items()
        }
        self.types: dict[str, dict[str, Any]] = {}

    def folder(self, fqn: str) -> Path:
        """The folder of a module of the package."""
        return self.root.joinpath(*fqn.split(".")[1:])

    def file_of(self, token: str) -> tuple[Path, str]:
        """The file and the class of a resource. Raises `KeyError` where no file has the class."""
        fqn, cls = self.classes[token]
        folder = self.folder(fqn)
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls).lower()
        candidates = [
            folder / f"{snake}.py",
            *(file for file in sorted(folder.glob("*.py")) if not file.name.startswith(("_", "get_", "list_"))),
        ]
        for file in candidates:
            if file.exists() and re.search(rf"^class {cls}\(pulumi\.CustomResource\)", _text(file), re.MULTILINE):
                return file, cls
        raise KeyError(token)

    def resource(self, token: str) -> dict[str, Any]:
        """The contract of a resource."""
        file, cls = self.file_of(token)
        slices = _slices(file)
        body = slices[cls]
        found = re.search(r"__props__ = (\w+)\.__new__", body)
        assert found is not None, token
        reader = _Reader(self, file.parent)
        inputs = reader.properties(slices[found[1]])
        lost = dict(_DEFAULT.findall(body))
        for shape in inputs.values():
            snake = shape.pop("_python")
            if snake in lost:
                shape["default"] = ast.literal_eval(lost[snake])
        outputs = {
            name: {key: value for key, value in shape.items() if key not in {"required", "_python"}}
            for name, shape in reader.properties(body).items()
        }
        marked = re.search(r"additional_secret_outputs=\[([^\]]*)\]", body)
        api = _API.search(body)
        return {
            "inputs": inputs,
            "outputs": outputs,
            "secrets": sorted(re.findall(r'"(\w+)"', marked[1])) if marked else [],
            **({"api": api[1]} if api else {}),
        }

    def function(self, token: str, file: Path) -> dict[str, Any]:
        """The contract of a data source: its arguments and its results."""
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", token.rsplit(":", 1)[1]).lower()
        text = _text(file)
        reader = _Reader(self, file.parent)
        tree = ast.parse(text)
        function = next(item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == name)
        wires = {snake: wire for wire, snake in re.findall(r"__args__\['(\w+)'\] = (\w+)", text)}
        inputs = {
            wires[argument.arg]: reader.shape(argument.annotation)
            for argument in function.args.args
            if argument.arg in wires
        }
        result = next(part for cls, part in _slices(file).items() if not cls.startswith("Awaitable"))
        outputs = {
            key: {k: v for k, v in shape.items() if k not in {"required", "_python"}}
            for key, shape in reader.properties(result).items()
        }
        return {"inputs": inputs, "outputs": outputs, "secrets": []}


class _Reader:
    """Reads classes of one folder of a package; nested classes go into the package's table of types."""

    def __init__(self, package: Package, folder: Path) -> None:
        self._package, self._folder = package, folder

    def properties(self, text: str) -> dict[str, dict[str, Any]]:
        """Wire name to shape, from a class's `__init__` and getters."""
        tree = ast.parse(text)
        cls = next(item for item in tree.body if isinstance(item, ast.ClassDef))
        inits = [item for item in cls.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
        required: set[str] = set()
        for init in inits:
            pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
            required |= {argument.arg for argument, default in pairs if default is None}
        lost = dict(_DEFAULT.findall(text))
        found: dict[str, dict[str, Any]] = {}
        for item in cls.body:
            if not isinstance(item, ast.FunctionDef) or item.returns is None:
                continue
            wire = _wire(item)
            if wire is None:
                continue
            shape = self.shape(item.returns)
            if item.name in required:
                shape["required"] = True
            if item.name in lost:
                shape["default"] = ast.literal_eval(lost[item.name])
            found[wire] = shape | {"_python": item.name}
        return found

    def shape(self, node: ast.expr | None) -> dict[str, Any]:
        """The shape of an annotation."""
        match node:
            case ast.Constant(value=str() as name):
                return self._named(name)
            case ast.Attribute(attr=name) | ast.Name(id=name):
                return {"type": _SCALARS.get(name, "any")}
            case ast.Subscript(value=head, slice=inner):
                name = head.attr if isinstance(head, ast.Attribute) else getattr(head, "id", "")
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                if name in {"Input", "Output", "Optional", "NotRequired", "InputType"}:
                    return self.shape(parts[0])
                if name in {"Sequence", "List"}:
                    return {"type": "array", "items": self.shape(parts[0])}
                if name in {"Mapping", "Dict"}:
                    return {"type": "object", "additional": self.shape(parts[1])}
                if name == "Union":
                    return self._union([self.shape(part) for part in parts])
            case _:
                pass
        return {"type": "any"}

    def _union(self, shapes: list[dict[str, Any]]) -> dict[str, Any]:
        distinct = [
            shape for index, shape in enumerate(shapes) if shape not in shapes[:index] and shape != {"type": "none"}
        ]
        enums = [shape for shape in distinct if "enum" in shape]
        if len(distinct) == 1:
            return distinct[0]
        if enums and {"type": "string"} in distinct:
            return {**enums[0], "open": True}
        if kinds := self._kinds(distinct):
            return kinds
        return {"type": "any"} if len({shape["type"] for shape in distinct}) > 1 else distinct[0]

    def _kinds(self, shapes: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Several nested classes of which one property says which it is; None where there is no such property."""
        found: dict[str, str] = {}
        by: set[str] = set()
        for shape in shapes:
            place, _, name = str(shape.get("ref", "")).rpartition(":")
            base = self._package.root / place
            text = (
                _slices(base / ("outputs.py" if name.endswith("Response") else "_inputs.py")).get(name, "")
                if name
                else ""
            )
            told = _EXPECTED.search(text)
            if told is None:
                return None
            by.add(re.sub(r"_(\w)", lambda letter: letter[1].upper(), told[1]))
            found[told[2]] = shape["ref"]
        return {"type": "object", "by": by.pop(), "kinds": found} if len(by) == 1 else None

    def _named(self, qualified: str) -> dict[str, Any]:
        """A nested class or an enum: `X`, `_root_inputs.X`, `_storage.X`, `outputs.X`."""
        alias, _, name = qualified.rpartition(".")
        if name.endswith("ArgsDict"):
            return {"type": "none"}
        if name in _SCALARS:
            return {"type": _SCALARS[name]}
        base = self._package.root if alias.startswith("_root") else self._folder
        other = alias.strip("_").replace("_inputs", "").replace("_enums", "")
        if other and not alias.startswith(("_root", "outputs")) and (self._package.root / other).is_dir():
            base = self._package.root / other
        file = base / ("outputs.py" if alias == "outputs" or name.endswith("Response") else "_inputs.py")
        place = base.relative_to(self._package.root).as_posix()
        if file.exists() and name in _slices(file):
            key = f"{place}:{name}" if place != "." else name
            if key not in self._package.types:
                self._package.types[key] = {}
                inner = _Reader(self._package, base)
                properties = inner.properties(_slices(file)[name])
                self._package.types[key] = {
                    wire: {k: v for k, v in shape.items() if k != "_python"} for wire, shape in properties.items()
                }
            return {"type": "object", "ref": key}
        enums = base / "_enums.py"
        if enums.exists() and name in _slices(enums):
            values = [
                ast.literal_eval(value)
                for value in re.findall(r'^    \w+ = (".*?"|-?[\d.]+)$', _slices(enums)[name], re.MULTILINE)
            ]
            return {"type": "string" if all(isinstance(value, str) for value in values) else "number", "enum": values}
        return {"type": "any"}


def _wire(item: ast.FunctionDef) -> str | None:
    for decorator in item.decorator_list:
        written = ast.unparse(decorator)
        if written.startswith("pulumi.getter"):
            if isinstance(decorator, ast.Call) and isinstance(decorator.keywords[0].value, ast.Constant):
                return str(decorator.keywords[0].value.value)
            return item.name
    return None


def functions_of(package: Package) -> Iterator[tuple[str, Path]]:
    """Data sources of a package, each with the file that has it."""
    for file in sorted(package.root.glob("**/get_*.py")):
        found = re.search(r"pulumi\.runtime\.invoke\('([^']+)'", _text(file))
        if found:
            yield found[1], file


def _wanted(package: Package) -> list[str]:
    if package.name == "azure-native":
        return sorted(f"azure-native:{module}:{name}" for module, names in AZURE.items() for name in names.split())
    if package.name == "gcp":
        # `compute/routerNat:RouterNat`: the file's name is the class's, with a small letter before it.
        return sorted(
            f"gcp:{module}/{name[0].lower()}{name[1:]}:{name}"
            for module, names in GCP.items()
            for name in names.split()
        )
    if package.name == "ovh":
        return sorted(token for token in package.classes if token.startswith(OVH_PREFIXES))
    if package.name == "scaleway":
        return sorted(
            f"scaleway:{module}/{name}:{name[0].upper()}{name[1:]}"
            for module, names in SCALEWAY.items()
            for name in names.split()
        )
    return sorted(token for token in package.classes if not token.startswith("pulumi:"))


def extract(name: str) -> dict[str, Any]:
    """The contracts of one package."""
    package = Package(name)
    tokens = {token: package.resource(token) for token in _wanted(package)}
    tokens |= {
        token: package.function(token, file)
        for token, file in functions_of(package)
        if re.fullmatch(FUNCTIONS[name], token)
    }
    found = {"version": package.version, "tokens": tokens, "types": dict(sorted(package.types.items()))}
    return found | ({"server": package.server} if package.server else {})


def written(value: Any) -> str:
    """The bytes of a contract file."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"


def main(say: Callable[[str], object] = print) -> None:
    """Write every package's file, or with `--check` say which differ; with the words of `contracts.making`, the contracts of any package."""
    if sys.argv[1:] and sys.argv[1] != "--check":
        from hdh_infra.contracts import making

        making.main(sys.argv[1:])
        return
    for name in MODULES:
        file, text = DATA / f"{name}.json", written(extract(name))
        if "--check" in sys.argv[1:]:
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                raise SystemExit(
                    f"{file.name} is not what the installed package says: python -m hdh_infra.contracts.extract"
                )
        else:
            file.write_text(text, encoding="utf-8")
        say(f"{file.name}: {len(text)} bytes")


if __name__ == "__main__":
    main()
