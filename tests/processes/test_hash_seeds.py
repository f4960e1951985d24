"""Equal inputs give equal bytes in every process: Python orders sets of texts by a seed that differs from run to run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from samples import uid

from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from cli.stage import Stage

SEEDS = ("1", "2", "3")
TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|imgwire_drift_\w*timestamp\w* \d+")


@pytest.fixture
def rich(stage: Stage) -> Stage:
    """Every action, a ring of three, moves, labels, protection and an environment without a key."""
    for name in ("a", "b", "c", "gone", "late", "new", "old", "sunny"):
        stage.environment(name, None if name == "new" else f"{name}.example.com")
    stage.change("late", status="PENDING", certificate_status="FAILING")
    stage.manifest(
        a={"hostname": "b.example.com", "labels": {"z": "1", "a": "2", "m": "3"}},
        b={"hostname": "c.example.com", "protect": True},
        c="a.example.com",
        gone=None,
        late="late.example.com",
        locked="locked.example.com",
        new="gone.example.com",
        old="replaced.example.com",
        sunny="sunny.example.com",
    )
    return stage


def recreate(stage: Stage, *names: str) -> None:
    """Give the custom domains another id and a worse health."""
    for name in names:
        stage.world.domains.delete(uid(name))
        stage.world.domains.create(uid(name), f"{name}.example.com")


def outputs(stage: Stage, seed: str, *arguments: str) -> tuple[int, str, str]:
    stage.set("PYTHONHASHSEED", seed)
    ended = stage.spawn(*arguments)
    return ended.code, TIMES.sub("", ended.out), TIMES.sub("", ended.err)


@pytest.mark.calm("compares outputs that say what a read cost")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plan", "--max-interruptions", "9"], 7),
        (["drift", "--baseline", "old.json", "--health"], 7),
        (["status"], 7),
        (["verify", "--no-dns"], 7),
        (["dns", "show"], 7),
        (["apply", "--auto-approve", "--allow", "create"], 7),
        (["plan", "--env", "x", "--env", "y", "--env", "z"], 65),
    ],
    ids=["plan", "drift", "status", "verify", "dns show", "refused", "unknown names"],
)
def test_outputs_do_not_depend_on_the_hash_seed(rich: Stage, arguments: list[str], code: int) -> None:
    rich.run("drift", "--report", "json=old.json")
    recreate(rich, "old", "a")
    command = " ".join(arguments[:2]) if arguments[0] == "dns" else arguments[0]
    formats = list(FORMATS[command])
    reports = [f"--report={format_}={format_}.out" for format_ in formats]
    seen = []
    for seed in SEEDS:
        ended = outputs(rich, seed, *arguments, *reports)
        assert ended[0] == code
        seen.append((ended, [TIMES.sub("", rich.read(f"{format_}.out")) for format_ in formats]))
    assert seen[1:] == seen[:1] * (len(SEEDS) - 1)


def test_problems_of_a_manifest_do_not_depend_on_the_hash_seed(stage: Stage) -> None:
    environments = {name: f"{name}.example.com" for name in ("one", "two", "three")}
    stage.manifest("a.yaml", **environments, web={"hostnam": 1, "protekt": True, "label": {}})
    stage.manifest("b.yaml", **environments)
    seen = [outputs(stage, seed, "validate", "-f", "a.yaml", "-f", "b.yaml") for seed in SEEDS]
    assert seen[0][0] == 65
    assert seen[1:] == seen[:1] * (len(SEEDS) - 1)


def test_a_saved_plan_has_one_digest_for_all_hash_seeds(rich: Stage) -> None:
    rich.environment("locked")
    digests = set()
    for seed in SEEDS:
        assert outputs(rich, seed, "plan", "--out", f"{seed}.json", "--unprotect", "b")[0] in {0, 5}
        digests.add(json.loads(rich.read(f"{seed}.json"))["digest"])
    assert len(digests) == 1


@pytest.mark.parametrize("changed", ["live", "manifest"])
def test_the_differences_of_a_stale_plan_have_one_order_for_all_hash_seeds(rich: Stage, changed: str) -> None:
    rich.environment("locked")
    assert rich.run("plan", "--out", "plan.json", "--unprotect", "b").code in {0, 5}
    if changed == "live":
        recreate(rich, "old", "a", "b", "c", "gone")
    else:
        rich.manifest(b=None, sunny="sunny.example.com")
    seen = [outputs(rich, seed, "apply", "plan.json", "--unprotect", "b", "--format", "json") for seed in SEEDS]
    assert (seen[0][0], json.loads(seen[0][1])["reason"]) == (5, "stale_plan")
    assert seen[1:] == seen[:1] * (len(SEEDS) - 1)


EMULATED = """
from reconciler.emulator.auth import Account
from seeded_ids import seeded_ids
from reconciler.emulator.world import World
from reconciler.model.environments import Secret
from samples import uid

world = World(clock=lambda: 1_790_000_000.0, ids=seeded_ids(1))
world.auth.register([Account(name, Secret(name), uid(name)) for name in ("web", "blog", "shop")])
for name in ("web", "blog", "shop"):
    print(world.domains.create(uid(name), f"{name}.example.com"))
"""


def test_equal_emulators_answer_alike_in_every_process() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", EMULATED],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in SEEDS
    }
    (answer,) = answers
    assert len(answer.splitlines()) == 3
