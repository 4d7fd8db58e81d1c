"""Start time, plans of growing platforms, the plugin, and comparisons, as one table: `python -m tests.benchmarks`.

What grows is judged by ratios within one run, in processor time, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

import hdh_infra as hdh
from hdh_infra.catalogue.load import first_regions
from hdh_infra.compare import compare_plans
from hdh_infra.graph.plan import Plan
from hdh_infra.model.expand import expand
from hdh_infra.model.load import read_yaml
from hdh_infra.model.platform import Platform
from hdh_infra.planning import make_plan
from hdh_infra.planning.assemble import observe_plan
from tests.benchmarks.specs import long_spec

TODAY = datetime.date(2026, 11, 23)
EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL, NATIONAL = EXAMPLES / "small.yaml", EXAMPLES / "hdh-national.yaml"
TARGETS = ("azure:francecentral", "openstack:RegionOne", "ovhcloud:GRA")
IMPORT_MS, HELP_MS, COMPARE_MS, NODE_US, NODE_KB, RATIO = 150, 300, 2000, 200, 4, 2.0
REGISTERING = {"azure:francecentral": 0.2, "openstack:RegionOne": 1.0}
"""Bounds of what a resource costs by type token, against what it costs by a class of the SDK."""
NATIONAL_SECONDS, NATIONAL_MB, LOAD_SECONDS, LINES = 5.0, 400, 1.0, 5000
PLUGIN_MS, BUCKETS = 700, 1.4
"""The bounds that docs and design name; a ratio of 2 is far from the 10 of what grows with the square."""


def started(words: list[str], runs: int = 5) -> float:
    """Milliseconds that a new process takes, the best of some runs, its bytecode compiled before."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = cache
        best = float("inf")
        for run in range(runs + 1):
            begun = time.perf_counter()
            subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)
            best = min(best, time.perf_counter() - begun) if run else best
    return best * 1000


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def grown(base: Platform, spaces: int) -> Platform:
    """The small platform with so many spaces, each with a flow to its own store and one to a central one."""
    described = base.model_dump(mode="json", by_alias=True)
    described["network"] = {"address_space": "10.0.0.0/8"}
    described["spaces"]["projects"] = {f"s{index}": {"members": 3} for index in range(spaces)}
    described["flows"] = [flow for flow in described["flows"] if "cohort" not in flow["from"] + flow["to"]]
    for index in range(spaces):
        for to in (f"space/s{index}/store/work", "zone/lake/store/snds"):
            described["flows"].append({"from": f"space/s{index}", "to": to, "ports": [443]})
    return Platform.model_validate(described)


def size(platform: Platform, target: str) -> float:
    """Kilobytes that a plan keeps, a node."""
    tracemalloc.start()
    plan = make_plan(platform, target, today=TODAY, nearest=True)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept / 1000 / len(plan.nodes)


def start_table() -> Table:
    """What a user waits for before anything is done, and for a comparison."""
    hdh_command = str(Path(sys.executable).with_name("hdh"))
    on = [word for target in TARGETS for word in ("--on", target)]
    table = Table("what", "ms", "bound", title="Start, in a process of its own (best of 5)", title_justify="left")
    for what, words, bound in (
        ("import hdh_infra", [sys.executable, "-c", "import hdh_infra"], IMPORT_MS),
        ("(python alone)", [sys.executable, "-c", ""], None),
        ("hdh --help", [hdh_command, "--help"], HELP_MS),
        (
            "hdh compare small.yaml, three targets",
            [hdh_command, "compare", str(SMALL), *on, "--format", "json"],
            COMPARE_MS,
        ),
    ):
        spent = started(words)
        table.add_row(what, f"{spent:.0f}", "" if bound is None else _judged(spent <= bound, str(bound)))
    return table


def growth_table(base: Platform, counts: list[int]) -> Table:
    """Plan, verify and observe a node; ratio to what the first count takes a node."""
    table = Table(
        "target", "spaces", "nodes", "links s", "plan s", "observe again s", "us a node", "ratio to linear", "kB a node",
        title=f"A plan is lowered, verified, observed and assessed (bounds: {NODE_US} us, {NODE_KB} kB a node; linear)", title_justify="left",
    )  # fmt: skip
    for target in TARGETS:
        make_plan(base, target, today=TODAY)  # reads the catalogue and imports the cloud
        first: float | None = None
        for spaces in counts:
            platform = grown(base, spaces)
            nodes, links, planned, observed = measured(platform, target)
            each = planned / nodes
            first = each if first is None else first
            kept = size(platform, target) if spaces <= 100 else None
            table.add_row(
                target, str(spaces), str(nodes), f"{links:.3f}", f"{planned:.2f}", f"{observed:.2f}",
                _judged(each * 1e6 <= NODE_US, f"{each * 1e6:.0f}"), _judged(each / first <= RATIO, f"{each / first:.2f}"),
                "" if kept is None else _judged(kept <= NODE_KB, f"{kept:.1f}"),
            )  # fmt: skip
    return table


def offers_table(base: Platform, spaces: int) -> Table:
    """Every offer that can be deployed to, so that the one that grows otherwise than the others is seen."""
    table = Table(
        "target", "nodes", "us a node", f"{spaces}", "ratio", "kB a node", "national", "kB a node",
        title=f"Every offer: the small platform with {spaces // 10} and {spaces} spaces, and hdh-national.yaml "
        f"(bounds: {NODE_US} us, {NODE_KB} kB a node)",
        title_justify="left",
    )  # fmt: skip
    few, many, national = grown(base, spaces // 10), grown(base, spaces), hdh.load(NATIONAL)
    for target in map(str, first_regions()):
        for warm in (base, national):  # reads the catalogue, imports the cloud, chooses the flavours
            make_plan(warm, target, today=TODAY, nearest=True)
        (nodes, first), (_, each), (_, large) = (best_of(one, target) for one in (few, many, national))
        kept, kept_large = size(few, target), size(national, target)
        table.add_row(
            target, str(nodes), f"{first * 1e6:.0f}", _judged(each * 1e6 <= NODE_US, f"{each * 1e6:.0f}"),
            _judged(each / first <= RATIO, f"{each / first:.2f}"), _judged(kept <= NODE_KB, f"{kept:.1f}"),
            _judged(large * 1e6 <= NODE_US, f"{large * 1e6:.0f}"), _judged(kept_large <= NODE_KB, f"{kept_large:.1f}"),
        )  # fmt: skip
    return table


def best_of(platform: Platform, target: str, runs: int = 2) -> tuple[int, float]:
    """Nodes of a plan, and the seconds that each took, in the best of some runs; collected before, so that none pays for another's."""
    nodes: list[int] = []
    spent = []
    for _ in range(runs):
        gc.collect()
        spent.append(timed(lambda: nodes.append(len(make_plan(platform, target, today=TODAY, nearest=True).nodes))))
    return nodes[0], min(spent) / nodes[0]


def measured(platform: Platform, target: str) -> tuple[int, float, float, float]:
    """Nodes of a plan, and the seconds of its links, of all of it, and of observing it once more."""
    made: list[Plan] = []
    links = timed(lambda: expand(platform).links)
    planned = timed(lambda: made.append(make_plan(platform, target, today=TODAY)))
    observed = timed(lambda: observe_plan(replace(made[0], read=None), platform))
    return len(made[0].nodes), links, planned, observed


def registering_table() -> Table:
    """A plan registered under mocks, against the same resources by the SDK's generated classes, in one process each."""
    table = Table(
        "target", "resources", "ours ms", "classes ms", "ratio", "bound",
        title="small.yaml registered under mocks, against the SDK's classes (best of 3, in one run)", title_justify="left",
    )  # fmt: skip
    for target, bound in REGISTERING.items():
        words = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.registering", target]
        found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        # Of what has a class only: on OpenStack some of a plan is our own plugin's.
        ratio = found["ours"] / found["all"] / (found["classes"] / found["nodes"])
        table.add_row(
            target, f"{found['nodes']} of {found['all']}", f"{found['ours'] * 1000:.0f}", f"{found['classes'] * 1000:.0f}",
            _judged(ratio <= bound, f"{ratio:.2f}"), f"{bound:.1f}",
        )  # fmt: skip
    return table


def plugin_table() -> Table:
    """The plugin: until it says its port, and what it adds to boto3's own requests for the same buckets, in one process."""
    table = Table("what", "given", "bound", title="pulumi-resource-hdh", title_justify="left")
    best = min(plugin_started() for _ in range(5))
    table.add_row("start, ms", _judged(best <= PLUGIN_MS, f"{best:.0f}"), str(PLUGIN_MS))
    words = [sys.executable, "-m", "tests.benchmarks.buckets"]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    table.add_row("requests a bucket", str(found["requests"]), "")
    for threads in (one for one in found if one.isdigit()):
        ways = found[threads]
        work, wall = ways["work"] / ways["work_bare"], ways["plugin"] / ways["bare"]
        table.add_row(
            f"processor time against bare boto3, {threads} at a time",
            _judged(work <= BUCKETS, f"{work:.2f}"),
            f"{BUCKETS}",
        )
        table.add_row(
            f"time against bare boto3, {threads} at a time", _judged(wall <= BUCKETS, f"{wall:.2f}"), f"{BUCKETS}"
        )
        rate = found["buckets"] / ways["plugin"]
        table.add_row(f"buckets a second, {threads} at a time", f"{rate:.0f}", "")
    return table


def plugin_started() -> float:
    """Milliseconds until a new plugin says its port."""
    begun = time.perf_counter()
    words = [sys.executable, "-m", "hdh_infra.resources.main"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as plugin:
        assert plugin.stdout is not None
        plugin.stdout.readline()
        spent = time.perf_counter() - begun
        plugin.terminate()
    return spent * 1000


def compare_table(base: Platform, counts: list[int]) -> Table:
    """Three plans compared."""
    table = Table("spaces", "compare s", "ms a space", title="Three plans compared", title_justify="left")
    for spaces in counts:
        platform = grown(base, spaces)
        plans = [make_plan(platform, target, today=TODAY) for target in TARGETS]
        spent = timed(lambda platform=platform, plans=plans: compare_plans(platform, plans).to_json())
        table.add_row(str(spaces), f"{spent:.2f}", f"{spent / spaces * 1000:.1f}")
    return table


def national_table() -> Table:
    """The platform of national size, planned and compared on three clouds in one process, as a person runs it."""
    table = Table(
        "what", "given", "bound", title="hdh-national.yaml on three clouds, hdh compare", title_justify="left"
    )
    code = (
        "import resource, sys, time; sys.argv[0] = 'hdh'\n"
        "from hdh_infra.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "spent = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(spent.ru_utime + spent.ru_stime, spent.ru_maxrss // 1024, file=sys.stderr)\n"
    )
    on = [word for target in TARGETS for word in ("--on", target)]
    words = [sys.executable, "-c", code, "compare", str(NATIONAL), *on, "--today", str(TODAY), "--format", "json"]
    best: tuple[float, int] | None = None
    for _ in range(3):
        done = subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seconds, megabytes = done.stderr.split()[-2:]
        found = (float(seconds), int(megabytes))
        best = min(best, found) if best else found
    assert best is not None
    table.add_row(
        "seconds of processor time", _judged(best[0] <= NATIONAL_SECONDS, f"{best[0]:.2f}"), f"{NATIONAL_SECONDS:.0f}"
    )
    table.add_row("MB of memory at most", _judged(best[1] <= NATIONAL_MB, str(best[1])), str(NATIONAL_MB))
    return table


def load_table() -> Table:
    """A long description read and checked, against what it takes to read it as YAML alone."""
    table = Table(
        "lines", "load and check s", "bound", "read alone s", title="A long description", title_justify="left"
    )
    with tempfile.TemporaryDirectory() as folder:
        for lines in (LINES // 10, LINES):
            file = Path(folder) / f"{lines}.yaml"
            file.write_text(long_spec(lines), encoding="utf-8")
            hdh.load(SMALL)
            spent = min(timed(lambda file=file: hdh.load(file)) for _ in range(3))
            read = min(timed(lambda file=file: read_yaml(file)) for _ in range(3))
            bound = LOAD_SECONDS * lines / LINES
            table.add_row(str(lines), _judged(spent <= bound, f"{spent:.2f}"), f"{bound:.1f}", f"{read:.2f}")
    return table


def _judged(well: bool, text: str) -> str:
    return f"[green]{text}[/]" if well else f"[bold red]{text} (over)[/]"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--spaces", type=int, nargs="+", default=[10, 100, 1000], help="project spaces, growing")
    parser.add_argument("--offers", action="store_true", help="the table of every offer, and nothing else")
    asked = parser.parse_args()
    counts = asked.spaces
    console = Console(width=None if sys.stdout.isatty() else 130)
    base = hdh.load(SMALL)
    if asked.offers:
        console.print(offers_table(base, 300))
        return
    console.print(start_table())
    console.print(load_table())
    console.print(registering_table())
    console.print(plugin_table())
    console.print(national_table())
    console.print(growth_table(base, counts))
    console.print(offers_table(base, min(300, max(counts))))
    console.print(compare_table(base, [count for count in counts if count <= 100]))


if __name__ == "__main__":
    main()
