#!/usr/bin/env bash
# The main job once: compare the plans of a small platform, deploy it on two clouds of this machine, compare the deployments.
set -euo pipefail
cd "$(dirname "$0")/.."
spec=examples/small.yaml
out=build/demo
today=2026-11-23
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }

say "1. The same description on three clouds: plans, no engine, no account"
hdh compare "$spec" --on azure:francecentral --on ovhcloud:GRA --on openstack:RegionOne --today "$today"
hdh compare "$spec" --on azure:francecentral --on ovhcloud:GRA --on openstack:RegionOne --today "$today" --format markdown > "$out/plans.md"
hdh compare "$spec" --on azure:francecentral --on ovhcloud:GRA --on openstack:RegionOne --today "$today" --format json > "$out/plans.json"
hdh plan "$spec" --on azure:francecentral --on ovhcloud:GRA --on openstack:RegionOne --today "$today" --out "$out/plan"

say "2. Clouds on this machine (the first time: the engine, its plugins and OpenStack are built, some 15 minutes)"
if ! python -m hdh_infra.sandbox.prepare --require; then
  echo "No engine can be had on this machine, for the reasons above: the second half, the deployments, is left out."
  echo "The comparison of plans is in $out/plans.md"
  exit 0
fi
trap 'hdh sandbox down' EXIT
hdh sandbox up --on ovhcloud:GRA --on azure:francecentral

say "3. Deploy on OVHcloud and on Azure, in the sandbox"
hdh up "$spec" --on ovhcloud:GRA --sandbox --yes --today "$today"
hdh up "$spec" --on azure:francecentral --sandbox --yes --today "$today"

say "4. The deployments compared: what the engine's states hold, and what the servers themselves answer"
hdh compare "$spec" --deployed ovhcloud-GRA --deployed azure-francecentral --sandbox --today "$today"
hdh compare "$spec" --deployed ovhcloud-GRA --deployed azure-francecentral --sandbox --today "$today" --format markdown > "$out/deployments.md"
hdh compare "$spec" --deployed ovhcloud-GRA --deployed azure-francecentral --sandbox --today "$today" --format json > "$out/deployments.json"

say "Done: plans and comparisons are in $out. What was deployed is kept while the sandbox is stopped:"
echo "  look again: hdh sandbox up; eval \"\$(hdh sandbox env ovhcloud:GRA)\"; then the OpenStack, S3 and pulumi clients speak to it"
echo "  remove:     hdh destroy $spec --on ovhcloud:GRA --sandbox --delete-data; hdh sandbox down --delete"
