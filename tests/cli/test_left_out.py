"""What a plan and an apply report of environments that they leave out, and of pins that nothing has shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from samples import uid

from reconciler.emulator.faults import Kind

from .stage import key

if TYPE_CHECKING:
    from .stage import Stage

WITHOUT = "1 environment could not be read: apply goes ahead without it."
PIN = "The pin of web is checked only after the create: its key opens an Environment without a custom domain."


def plain(text: str) -> str:
    """Without what a format adds to the words, on one line."""
    return " ".join(re.sub(r"[`*\\]|</?code>", "", text).split())


@pytest.fixture
def half_read(stage: Stage) -> Stage:
    """`web` is to be created, and `blog` replaced, which cannot be read."""
    stage.environment("web")
    stage.environment("blog", "blog.example.com")
    stage.manifest(web="web.example.com", blog="new.example.com")
    stage.fault(Kind.STATUS, method="GET", environment=uid("blog"), status=403, times=None)
    return stage


def test_a_plan_and_the_prompt_say_that_apply_goes_ahead_without_what_could_not_be_read(half_read: Stage) -> None:
    ended = half_read.run("plan", "--report", "markdown=p.md", "--report", "html=p.html", "--out", "p.json")
    assert WITHOUT in plain(ended.out)
    assert WITHOUT in plain(half_read.read("p.md"))
    assert WITHOUT in plain(half_read.read("p.html"))
    assert plain(ended.out).endswith("Or run reconciler apply p.json to go ahead without the others.")
    ended = half_read.run("apply", "--auto-approve")
    assert WITHOUT in plain(ended.out + ended.err)
    assert half_read.live("web") == "web.example.com"


def test_a_saved_plan_without_an_environment_is_followed_by_a_plan_for_it(half_read: Stage) -> None:
    half_read.run("plan", "--out", "p.json")
    next_ = "he saved plan has no steps for blog: run reconciler plan --env blog for it, then apply."
    first = half_read.run("apply", "p.json", "--auto-approve", "--no-dns")
    assert plain(first.out).endswith(next_)
    assert "run reconciler apply p.json again" not in plain(first.out)
    half_read.world.faults.clear()
    assert plain(half_read.run("apply", "p.json", "--auto-approve", "--no-dns").out).endswith(next_)
    assert "1 to replace" in half_read.run("plan", "--env", "blog").out


def test_a_plan_shows_which_pins_are_checked_only_after_the_create(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web={"hostname": "web.example.com", "environment_id": uid("web")})
    ended = stage.run("plan", "--report", "markdown=p.md", "--report", "html=p.html")
    assert PIN in plain(ended.out)
    assert PIN in plain(stage.read("p.md"))
    assert PIN in plain(stage.read("p.html"))
    stage.manifest(web="web.example.com")
    assert "pin" not in stage.run("plan").out


@pytest.mark.parametrize("pinned", [True, False])
def test_a_conflict_of_a_key_that_nothing_has_shown_advises_to_check_the_key_first(
    stage: Stage, *, pinned: bool
) -> None:
    """The key of `web` is that of another Environment: `web` itself is live as desired."""
    stage.environment("web", "web.example.com")
    stage.environment("empty")
    stage.set("IMGWIRE_API_KEY_WEB", key("empty"))
    stage.manifest(web={"hostname": "web.example.com", **({"environment_id": uid("web")} if pinned else {})})
    out = plain(stage.run("apply", "--auto-approve", "--no-dns").out)
    first = f"compare the key with Environment {uid('web')} first" if pinned else "check that the key is of the right"
    assert f"409 The hostname is already claimed by another custom domain (ResourceConflictError) Next: {first}" in out
    assert "If the key is right, another Environment may have this hostname" in out


def test_a_conflict_of_a_key_that_is_known_advises_about_the_other_environment_only(stage: Stage) -> None:
    stage.environment("web", "web.example.com")
    stage.environment("other", "new.example.com")
    stage.manifest(web={"hostname": "new.example.com", "environment_id": uid("web")})
    out = plain(stage.run("apply", "--auto-approve", "--no-dns").out)
    assert "Next: another Environment may have this hostname: add that Environment to the manifest" in out
