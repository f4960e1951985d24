"""What an apply reports of a hostname that it has restored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from .stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
STATE = (
    "a new custom domain, PENDING / PENDING. It serves no traffic until its DNS records are published and it is checked"
)


def restored(stage: Stage, *more: str) -> str:
    """The output of an apply that replaces OLD by NEW, which another Environment has, on one line. It awaits nothing."""
    stage.environment("web", OLD)
    stage.environment("other", NEW)
    stage.world.switches = Switches(check="never")
    stage.manifest(web=NEW)
    ended = stage.run("apply", "--auto-approve", "--no-dns", *more)
    assert (ended.code, "Waiting for readiness" in ended.err) == (6, False)
    return plain(ended.out)


def plain(text: str) -> str:
    """Without what a format adds to the words, on one line."""
    return " ".join(re.sub(r"[`*\\]|</?code>", "", text).split())


def test_a_restored_hostname_is_shown_with_its_state_in_every_format_and_by_show(stage: Stage) -> None:
    reports = ["--receipt", "r.json", "--report", "markdown=r.md", "--report", "html=r.html"]
    out = restored(stage, *reports)
    assert f"{OLD} in web: {STATE}" in out
    assert f"{OLD} in web: {STATE}" in plain(stage.read("r.md"))
    assert f"{OLD} was restored after a failure: {STATE}." in plain(stage.read("r.html"))
    assert f"{OLD} in web: {STATE}" in plain(stage.run("show", "r.json").out)


def test_the_next_step_after_a_restore_publishes_and_verifies_the_old_hostname_first(stage: Stage) -> None:
    _, _, next_ = restored(stage).rpartition("Next: ")
    assert next_.startswith(
        f"publish the records of {OLD} where DNS lacks them. To keep it, set it as the hostname of web in the manifest, "
        "then run reconciler verify --wait 15m --env web --no-dns. To go on with the change, fix the error above"
    )
    stage.world.switches = Switches()
    stage.manifest(web=OLD)
    ended = stage.run("verify", "--env", "web", "--no-dns")
    assert (ended.code, stage.run("plan").code) == (0, 0)


def test_a_restored_hostname_that_is_ready_needs_no_records(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.environment("other", NEW)
    stage.manifest(web=NEW)
    out = plain(stage.run("apply", "--auto-approve", "--no-dns").out)
    assert f"{OLD} in web: a new custom domain, CONNECTED / ACTIVE Applied" in out
    assert "Next: fix the error above, then run" in out


def test_wait_reports_that_it_did_not_wait_for_a_restored_hostname(stage: Stage) -> None:
    assert f"{STATE}. This run did not wait for it" in restored(stage, "--wait", "1s")


def test_the_records_of_other_creates_are_published_too(stage: Stage) -> None:
    stage.environment("app")
    stage.environment("web", OLD)
    stage.environment("other", NEW)
    stage.world.switches = Switches(check="never")
    stage.manifest(app="app.example.com", web=NEW)
    out = plain(stage.run("apply", "--auto-approve", "--no-dns").out)
    assert "Next: publish the records above where DNS lacks them. To keep it" in out


def test_leave_names_the_way_back_to_the_old_hostname(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.environment("other", NEW)
    stage.manifest(web=NEW)
    ended = stage.run("apply", "--auto-approve", "--no-dns", "--on-create-failure", "leave")
    assert ended.code == 6
    assert f"To serve {OLD} again instead, set it as the hostname of web in the manifest, then apply." in plain(
        ended.out
    )
    stage.manifest(web=OLD)
    assert (stage.run("apply", "--auto-approve", "--no-dns").code, stage.live("web")) == (0, OLD)


def test_many_missing_keys_have_a_line_each_and_one_in_plan_and_drift(stage: Stage) -> None:
    names = [f"tenant-{number:02}" for number in range(14)]
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    ended = stage.run("plan")
    assert (ended.code, ended.err.count("error[key-missing]"), ended.err.count("hint: ")) == (7, 14, 1)
    listed = ", ".join(f"`{name}`" for name in names[:10])
    assert f"! {listed} and 4 more could not be read: no usable key" in " ".join(ended.out.split())
    assert ended.out.count("no usable key") == 1
    assert stage.run("drift").out.count("no usable key") == 1
