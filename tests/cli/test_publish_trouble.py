"""`apply --publish` with a provider that misbehaves, or a run that is stopped, while its records are written."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import yaml

pytest.importorskip("octodns")

from cli.stage import Ended
from cli.test_apply_publish import ACME, OLD, OLD_ACME, apply, folder, replaced, states
from cli.test_dns_sync import NAME, ZONE, configure, zone_file
from cli.test_signals import arrived, interrupted
from reconciler.dns.quiet import quiet
from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Stage

__all__ = ["folder"]

SECRET = "token-of-the-provider"
TROUBLE = f"""
import logging, os, signal, sys, threading, time
from octodns.provider.yaml import YamlProvider

logging.getLogger("sdk").addHandler(logging.StreamHandler())


def speak():
    logging.getLogger("sdk").warning("{SECRET}")
    print("{SECRET}")
    print("{SECRET}", file=sys.stderr)


class Talkative(YamlProvider):
    '''Its SDK has a log handler of its own, and works in a thread.'''

    def populate(self, *args, **kwargs):
        speak()
        worker = threading.Thread(target=speak)
        worker.start()
        worker.join()
        return super().populate(*args, **kwargs)


class Lingering(YamlProvider):
    def populate(self, *args, **kwargs):
        threading.Thread(target=self.refresh, daemon=True).start()
        return super().populate(*args, **kwargs)

    def refresh(self):
        for _ in range(200):
            time.sleep(0.01)
            speak()
            logging.getLogger("without a handler").warning("{SECRET}")


class Quits(YamlProvider):
    def _apply(self, plan):
        sys.exit("no licence")


class Hangs(YamlProvider):
    def _apply(self, plan):
        time.sleep(60)
"""


@pytest.fixture
def trouble(stage: Stage, folder: Path) -> Stage:
    stage.write("trouble.py", TROUBLE)
    return stage


def two(stage: Stage) -> None:
    stage.environment("web", "old-web.example.com")
    stage.environment("other", "old-other.example.com")
    stage.manifest(web=NAME, other="other.example.com")


@pytest.mark.parametrize("provider", ["Talkative", "Lingering"])
@pytest.mark.parametrize("command", [("apply", "--publish"), ("dns", "sync", "--config")], ids=" ".join)
def test_what_a_provider_logs_and_prints_is_dropped_in_every_thread(
    trouble: Stage, command: tuple[str, ...], provider: str
) -> None:
    configure(trouble, **{"class": f"trouble.{provider}"})
    if command[0] == "dns":
        trouble.environment("web", NAME)
    ended = trouble.spawn(*command, "octodns.yaml", "--auto-approve", "--format", "json")
    assert (ended.code, states(ended)) == (0, [(NAME, "done"), (ACME, "done")])
    assert SECRET not in ended.out + ended.err


def test_a_provider_that_ends_the_program_ends_no_other_lane(trouble: Stage, folder: Path) -> None:
    configure(trouble, **{"class": "trouble.Quits"})
    two(trouble)
    ended = apply(trouble, "--receipt", "r.json")
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert {state for _, state in states(ended)} == {"failed"}
    assert "SystemExit: no licence" in ended.document["published"][0]["error"]
    assert (trouble.live("web"), trouble.live("other")).count(None) == 0


def test_a_provider_that_hangs_has_the_time_of_a_step(trouble: Stage, folder: Path) -> None:
    configure(trouble, **{"class": "trouble.Hangs"})
    two(trouble)
    ended = apply(trouble, "--step-timeout", "2s")
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert {state for _, state in states(ended)} == {"unknown"}
    assert "the provider did not answer within 2 s" in ended.document["published"][0]["error"]
    held = [step["error"]["kind"] for step in ended.document["steps"] if step["state"] == "not_started"]
    assert held[0] == "not_published"


def test_the_streams_come_back_where_two_threads_overlap(capsys: pytest.CaptureFixture[str]) -> None:
    """One edit that hangs, and the next one: meanwhile the run itself prints."""
    first, second, streams = threading.Event(), threading.Event(), (sys.stdout, sys.stderr)

    def work(end: threading.Event) -> None:
        with quiet():
            sys.stdout.write("of a provider")
            sys.stdout.writelines(["of a provider"])
            begun.release()
            end.wait()

    begun = threading.Semaphore(0)
    threads = [threading.Thread(target=work, args=(end,)) for end in (first, second)]
    for thread in threads:
        thread.start()
        begun.acquire()
    for thread, end in zip(threads, (first, second), strict=True):
        sys.stdout.write("of the run\n")
        end.set()
        thread.join()
    assert ((sys.stdout, sys.stderr), capsys.readouterr().out) == (streams, "of the run\n" * 2)


def test_a_plan_file_approves_no_record_below_the_hostname_of_its_create(trouble: Stage, folder: Path) -> None:
    trouble.environment("web")
    trouble.environment("below", f"b.{NAME}", status="PENDING", certificate_status="PENDING")
    trouble.manifest(web=NAME, below=f"b.{NAME}")
    assert trouble.run("plan", "--out", "p.json").code == 0
    assert trouble.run("apply", "p.json", "--no-dns").code == 0
    for name in ("web", "below"):
        trouble.change(name, status="PENDING", certificate_status="PENDING")
    ended = trouble.spawn("apply", "p.json", "--publish", "octodns.yaml", "--format", "json")
    assert (ended.code, set(zone_file(folder))) == (6, {*ZONE, "images", "_acme-challenge.images"})


def test_a_signal_after_the_delete_does_not_keep_the_records_of_the_create_back(trouble: Stage, folder: Path) -> None:
    """A pipeline that is cancelled has a few seconds; without its records the new hostname serves nothing."""
    trouble.environment("web", OLD)
    trouble.fault(Kind.DELAY, method="DELETE", seconds=1.0)
    command = ("apply", "--auto-approve", "--publish", "octodns.yaml", "--format", "json")
    ended = Ended(*interrupted(trouble, arrived(trouble, "DELETE"), signal.SIGTERM, *command))
    assert (ended.code, states(ended)) == (6, [(NAME, "done"), (ACME, "done")])
    assert set(zone_file(folder)) == {*ZONE, "images", "_acme-challenge.images"}


def test_a_restored_hostname_without_its_new_validation_value_starts_no_further_delete(
    trouble: Stage, folder: Path
) -> None:
    before = replaced(trouble, folder)
    trouble.environment("zoo", "zoo.example.com")
    trouble.manifest(web=NAME, zoo="new.example.com")
    trouble.fault(Kind.FIELDS, method="POST", nth=2, values={"dcv_cname_value": None})
    ended = apply(trouble)
    assert (ended.code, trouble.live("web"), trouble.live("zoo")) == (6, OLD, "zoo.example.com")
    assert (states(ended), zone_file(folder)) == ([(OLD_ACME, "refused")], before)
    assert yaml.safe_load((folder / "example.com.yaml").read_text()) == before
