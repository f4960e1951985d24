"""Two applies of one manifest at once, and somebody in the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.stage import DOMAIN
from samples import uid

from .gate import gate
from .running import started

if TYPE_CHECKING:
    from cli.stage import Stage

OLD, NEW, APP, SHOP = (f"{word}.example.com" for word in ("old", "new", "app", "shop"))


@pytest.mark.calm("names a read by its number")
@pytest.mark.parametrize(("other", "code"), [(NEW, 0), (APP, 5)], ids=["the same change", "another change"])
def test_the_slower_of_two_applies_deletes_nothing_where_the_other_was_first(
    stage: Stage, other: str, code: int
) -> None:
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    with (
        gate(stage.url, "GET", nth=2) as before_delete,
        started("apply", "--auto-approve", "--format", "json", "--api-url", before_delete.url) as slower,
    ):
        before_delete.wait()
        stage.manifest(web=other)
        assert stage.run("apply", "--auto-approve").code == 0
        made = stage.world.domains.find(uid("web"))
        before_delete.open()
        ended = slower.end()
    assert (ended.code, ended.document["reason"]) == (code, None if code == 0 else "changed")
    if code:
        error = ended.document["steps"][0]["error"]
        assert error["kind"] == "changed"
        assert "`web` was changed by someone else: expected `old.example.com` with id" in error["message"]
    kept = stage.world.domains.find(uid("web"))
    assert made is not None
    assert kept is not None
    assert (kept.id, kept.hostname) == (made.id, other)


@pytest.mark.calm("names a read by its number")
def test_the_slower_one_does_not_create_what_the_other_has_created(stage: Stage) -> None:
    """It has deleted, and the other, started meanwhile, creates first: the goal of both is reached."""
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    with (
        gate(stage.url, "GET", nth=3) as before_create,
        started("apply", "--auto-approve", "--format", "json", "--api-url", before_create.url) as slower,
    ):
        before_create.wait()
        assert stage.run("apply", "--auto-approve").code == 0
        made = stage.world.domains.find(uid("web"))
        before_create.open()
        ended = slower.end()
    assert (ended.code, ended.document["reason"], ended.document["unserved"]) == (0, None, [])
    kept = stage.world.domains.find(uid("web"))
    assert made is not None
    assert kept is not None
    assert (kept.id, kept.hostname) == (made.id, NEW)


@pytest.mark.parametrize("latency", [0.0, 0.02])
def test_whatever_two_applies_do_to_each_other_nothing_is_lost(stage: Stage, latency: float) -> None:
    wants = {"web": SHOP, "app": NEW, "shop": APP, "new": "first.example.com"}
    for name, hostname in (("web", OLD), ("app", APP), ("shop", SHOP), ("new", None), ("other", "other.example.com")):
        stage.environment(name, hostname)
    stage.manifest(**wants)
    stage.world.switches = stage.world.switches.with_text("latency", str(latency))
    untouched = stage.world.domains.find(uid("other"))
    # A ring whose hostname the other one has taken tries until then.
    arguments = ("apply", "--auto-approve", "--format", "json", "--step-timeout", "20s")
    with started(*arguments) as one, started(*arguments) as other:
        codes = {one.end().code, other.end().code}
    assert codes <= {0, 1, 5, 6}
    assert stage.run("apply", "--auto-approve").code == 0
    assert {name: stage.live(name) for name in wants} == wants
    assert stage.world.domains.find(uid("other")) == untouched
    assert stage.sent().count(("DELETE", DOMAIN)) >= 3
