"""The platform that this stack's configuration names: `hdh:spec` on `hdh:target`."""

import pulumi

import hdh_infra as hdh

config = pulumi.Config("hdh")
deployed = hdh.deploy(config.get("spec") or "../../examples/small.yaml", config.require("target"))
# Every native resource is at hand: deployed.nodes["zone/lake/store/snds/bucket"], deployed.natives("key/lake").
