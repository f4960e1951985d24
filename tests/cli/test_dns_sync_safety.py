"""`dns sync` harms nothing: hostile answers, providers that misbehave, zones that change, secrets in errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

pytest.importorskip("octodns")

from cli.stage import CANARY
from cli.test_dns_sync import FILES, NAME, ZONE, configure, folder, zone_file
from cli.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Ended, Stage

__all__ = ["folder"]

ACME = f"_acme-challenge.{NAME}"

PROVIDERS = '''
"""Providers that misbehave, and code that must not run."""
import json
import time
from pathlib import Path
from octodns.processor.base import BaseProcessor
from octodns.provider.yaml import YamlProvider
import yaml


class Ran(BaseProcessor):
    def __init__(self, *args, **kwargs):
        Path("ran").write_text("")


def edit(directory, change):
    path = Path(directory) / "example.com.yaml"
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data))


class Careless(YamlProvider):
    """Writes our records and changes another one on the way."""

    def _apply(self, plan):
        super()._apply(plan)
        edit(self.directory, lambda data: data["mail"].update(ttl=300, value="192.0.2.66"))


class Halfway(YamlProvider):
    """Writes the first record, then loses the connection."""

    def _apply(self, plan):
        plan.changes = sorted(plan.changes, key=lambda change: change.record.fqdn)[1:]
        super()._apply(plan)
        raise ConnectionResetError(104, "Connection reset by peer")


class Slow(Halfway):
    """The same, after a while."""

    def _apply(self, plan):
        time.sleep(1)
        super()._apply(plan)


class Lost(YamlProvider):
    """Writes everything, then loses the answer."""

    def _apply(self, plan):
        super()._apply(plan)
        raise TimeoutError("timed out")


class Blind(YamlProvider):
    """Cannot be read again once it has written."""

    def populate(self, zone, target=False, lenient=False):
        if Path("blind").exists():
            raise ConnectionRefusedError(111, "Connection refused")
        return super().populate(zone, target=target, lenient=lenient)

    def _apply(self, plan):
        super()._apply(plan)
        Path("blind").write_text("")


class Idle(YamlProvider):
    """Reports success and writes nothing."""

    def _apply(self, plan):
        pass


class Rewriter(YamlProvider):
    """Is known to send whole zones."""


Rewriter.__module__ = "octodns_transip"


class Unplannable(YamlProvider):
    def _process_desired_zone(self, desired):
        raise ValueError("no such plan")


class RootNs(YamlProvider):
    """Manages no NS records at the apex, as some providers do."""

    SUPPORTS_ROOT_NS = False

    def _apply(self, plan):
        records = {change.new.name: {"type": "CNAME", "value": str(change.new.value)} for change in plan.changes}
        edit(self.directory, lambda data: data.update(records))


class Response:
    def __init__(self, status):
        self.status_code = status


class HttpError(Exception):
    def __init__(self, status):
        super().__init__(f"HTTP {status}")
        self.response = Response(status)


class ClientUnauthorized(Exception):
    pass


ERRORS = {
    "refused": ConnectionRefusedError(111, "Connection refused"),
    "route": OSError(113, "No path to host"),
    "timeout": TimeoutError("timed out"),
    "503": HttpError(503),
    "429": HttpError(429),
    "401": HttpError(401),
    "403": HttpError(403),
    "unauthorized": ClientUnauthorized(),
    "tsig": Exception("Unable to Perform Zone Transfer: The peer didn't like the key we used: BADKEY"),
    "other": RuntimeError("broken"),
}


class Unreadable(YamlProvider):
    def __init__(self, *args, error, token=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.error = ERRORS.get(error) or RuntimeError(error)
        self.token = token

    def populate(self, zone, target=False, lenient=False):
        raise self.error


class Echo(YamlProvider):
    """Says what it was given."""

    def __init__(self, *args, words, **kwargs):
        super().__init__(*args, **kwargs)
        self.words = words

    def populate(self, zone, target=False, lenient=False):
        print("debug:", self.words)
        raise RuntimeError(f"request {json.dumps(self.words)} and {self.words!r} failed")
'''


@pytest.fixture
def providers(stage: Stage, folder: Path) -> None:
    stage.write("providers.py", PROVIDERS)
    stage.set("PYTHONPATH", str(stage.folder))


def sync(stage: Stage, *more: str) -> Ended:
    return stage.spawn("dns", "sync", "--auto-approve", "--format", "json", *more)


def states(ended: Ended) -> list[tuple[str, str]]:
    return [(item["name"], item["state"]) for item in ended.document["published"]]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("cname_record", "www.example.com"),
        ("dcv_cname_record", "_acme-challenge.www.example.com"),
        ("cname_record", "example.com"),
        ("cname_record", f"x{NAME}"),
    ],
)
def test_a_name_outside_the_domains_own_hostname_is_an_error(stage: Stage, folder: Path, field: str, name: str) -> None:
    stage.change("web", **{field: name})
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE)
    assert f"{name} is not at or below {NAME}" in ended.document["message"]
    assert {item["state"] for item in ended.document["published"]} == {"refused"}


def test_one_name_with_two_targets_is_an_error(stage: Stage, folder: Path) -> None:
    stage.change("web", dcv_cname_record=NAME)
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE)
    assert f"the API returned two targets for {NAME}: " in ended.document["message"]


def test_a_name_outside_the_hostname_stops_no_other_environment(stage: Stage, folder: Path) -> None:
    stage.environment("other", "cdn.example.com")
    stage.manifest(web=NAME, other="cdn.example.com")
    stage.change("web", cname_record="www.example.com")
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert set(zone_file(folder)) - set(ZONE) == {"cdn", "_acme-challenge.cdn"}


def test_a_target_outside_imgwire_is_pointed_out_before_consent(stage: Stage, folder: Path) -> None:
    stage.change("web", cname_value="collector.example.net")
    ended = stage.run("dns", "sync")
    warning = f"warning: {NAME} would point to collector.example.net, which is not below imgwire.dev: check it first\n"
    assert (ended.code, zone_file(folder)) == (5, ZONE)
    assert warning in ended.err
    assert ended.err.index(warning) < ended.err.index("hint: ")
    assert "_acme-challenge" not in warning


@pytest.mark.usefixtures("providers")
def test_processors_and_plan_outputs_of_the_configuration_never_run(stage: Stage, folder: Path) -> None:
    config: dict[str, Any] = {
        "manager": {"processors": ["ran"], "plan_outputs": {"ran": {"class": "providers.Ran"}}},
        "processors": {"ran": {"class": "providers.Ran"}},
        "validators": {"ran": {"class": "providers.Ran"}},
        "providers": {"files": {"class": FILES, "directory": "zones"}},
        "zones": {"example.com.": {"sources": ["files"], "processors": ["ran"], "targets": ["files"]}},
    }
    stage.write("octodns.yaml", yaml.safe_dump(config))
    ended = sync(stage)
    assert (ended.code, "images" in zone_file(folder)) == (0, True)
    assert not (stage.folder / "ran").exists()
    assert ended.err == (
        "warning: octodns.yaml: dns sync ignores `processors`, `validators`, `manager.processors`, "
        "`manager.plan_outputs`\n" + ended.err.partition("\n")[2]
    )


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (
            {"images": {"type": "NS", "values": ["ns1.other.example.", "ns2.other.example."]}},
            f"{NAME} is delegated to ns1.other.example., ns2.other.example.: {NAME} belongs in that zone",
        ),
        (
            {"images": [{"type": "A", "value": "192.0.2.7"}, {"type": "TXT", "value": "x"}]},
            f"{NAME} has an A record, 192.0.2.7, and a CNAME cannot coexist with it",
        ),
        (
            {"_acme-challenge.images": {"type": "TXT", "value": "token"}},
            f"{ACME} has a TXT record, token, and a CNAME cannot coexist with it",
        ),
    ],
    ids=["zone cut", "address", "challenge"],
)
def test_what_stands_in_the_way_is_named_and_nothing_of_the_zone_is_written(
    stage: Stage, folder: Path, records: dict[str, Any], message: str
) -> None:
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | records))
    before = zone_file(folder)
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", before)
    assert message in ended.document["message"]


def test_a_name_below_a_delegation_is_never_published(stage: Stage, folder: Path) -> None:
    stage.environment("deep", "cdn.sub.example.com")
    stage.manifest(deep="cdn.sub.example.com")
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | {"sub": {"type": "NS", "value": "ns.other.example."}}))
    before = zone_file(folder)
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, zone_file(folder)) == (5, before)
    assert "sub.example.com is delegated to ns.other.example." in ended.document["message"]


def test_all_conflicts_are_listed(stage: Stage, folder: Path) -> None:
    address = {"type": "A", "value": "192.0.2.7"}
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | {"images": address, "_acme-challenge.images": address}))
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert states(ended) == [(NAME, "refused"), (ACME, "refused")]
    assert ended.document["message"].endswith(" (and 1 more, see above); nothing was written")
    assert [item["error"].count("has an A record") for item in ended.document["published"]] == [1, 1]
    assert ended.err.count("has an A record") == 3


def test_a_zone_that_changes_while_the_question_is_open_is_not_written(stage: Stage, folder: Path) -> None:
    terminal = Terminal("dns", "sync")
    terminal.wait_for("Publish 2 records?")
    changed = ZONE | {"images": {"ttl": 60, "type": "CNAME", "value": "colleague.example.net."}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(changed))
    terminal.type("yes\r")
    assert terminal.ended() == 5
    assert zone_file(folder) == changed


def test_a_changed_zone_is_reported_with_the_difference(stage: Stage, folder: Path) -> None:
    terminal = Terminal("dns", "sync", "--report", "json=report.json")
    terminal.wait_for("Publish 2 records?")
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | {"new": {"type": "A", "value": "192.0.2.8"}}))
    terminal.type("yes\r")
    assert terminal.ended() == 5
    assert "the zone changed after it was read: new.example.com. A: absent -> 3600 192.0.2.8" in stage.read(
        "report.json"
    ).replace("\\u003e", ">")


@pytest.mark.usefixtures("providers")
def test_another_record_that_changes_while_publishing_is_reported(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Careless"})
    ended = sync(stage)
    assert (ended.code, ended.document["reason"]) == (6, "other_records_changed")
    assert states(ended) == [(NAME, "done"), (ACME, "done")]
    assert "mail.example.com. A: 3600 192.0.2.1 -> 300 192.0.2.66" in ended.document["message"]


@pytest.mark.usefixtures("providers")
def test_a_provider_that_fails_halfway_leaves_each_record_with_its_true_state(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Halfway"})
    ended = sync(stage)
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert states(ended) == [(NAME, "done"), (ACME, "failed")]
    assert "images" in zone_file(folder)


@pytest.mark.usefixtures("providers")
def test_a_lost_answer_is_no_failure_when_the_records_are_there(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Lost"})
    ended = sync(stage)
    assert (ended.code, states(ended)) == (0, [(NAME, "done"), (ACME, "done")])


@pytest.mark.usefixtures("providers")
def test_a_zone_that_cannot_be_read_again_leaves_the_state_unknown(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Blind"})
    ended = sync(stage)
    assert (ended.code, states(ended)) == (6, [(NAME, "unknown"), (ACME, "unknown")])
    assert "the state is unknown" in ended.document["message"]


@pytest.mark.usefixtures("providers")
def test_success_that_a_re_read_does_not_show_is_not_done(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Idle"})
    ended = sync(stage)
    assert (ended.code, states(ended)) == (6, [(NAME, "unknown"), (ACME, "unknown")])
    assert "the provider reported success, but a re-read does not show it" in ended.document["message"]


def test_a_provider_that_is_configured_not_to_apply_publishes_nothing(stage: Stage, folder: Path) -> None:
    configure(stage, apply_disabled=True)
    ended = sync(stage)
    assert (ended.code, zone_file(folder)) == (1, ZONE)
    assert ended.document["message"] == "the provider is configured not to apply"


@pytest.mark.usefixtures("providers")
def test_a_provider_known_to_rewrite_zones_needs_an_option(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Rewriter"})
    ended = sync(stage)
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE)
    assert "Rewriter rewrites the whole zone" in ended.document["message"]
    assert "--allow-zone-rewrite" in ended.document["message"]
    assert sync(stage, "--allow-zone-rewrite").code == 0


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        ("refused", 8, "provider_unreachable"),
        ("timeout", 8, "provider_unreachable"),
        ("503", 8, "provider_unreachable"),
        ("429", 8, "provider_unreachable"),
        ("401", 7, "provider_unauthorized"),
        ("403", 7, "provider_unauthorized"),
        ("unauthorized", 7, "provider_unauthorized"),
        ("tsig", 7, "provider_unauthorized"),
        ("other", 8, "provider_unreachable"),
    ],
)
def test_a_provider_that_cannot_be_read_ends_with_its_own_code(
    stage: Stage, folder: Path, error: str, code: int, reason: str
) -> None:
    configure(stage, **{"class": "providers.Unreadable", "error": error, "mode": error})
    stage.write("octodns.yaml", stage.read("octodns.yaml").replace("  mode:", "  token:"))
    ended = sync(stage)
    assert (ended.code, ended.document["reason"]) == (code, reason)
    assert ended.document["message"].startswith("files: example.com could not be read: ")


@pytest.mark.usefixtures("providers")
def test_an_error_of_the_system_is_shown_in_words(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Unreadable", "error": "route"})
    assert sync(stage).document["message"] == "files: example.com could not be read: No path to host"


@pytest.mark.usefixtures("providers")
def test_a_plan_that_fails_is_an_error_of_the_provider(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Unplannable"})
    ended = sync(stage)
    assert (ended.code, zone_file(folder)) == (1, ZONE)
    assert ended.document["message"] == "files: example.com could not be planned: ValueError: no such plan"


@pytest.mark.usefixtures("providers")
def test_root_name_servers_that_a_provider_does_not_manage_stay(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.RootNs"})
    ended = sync(stage)
    assert ended.code == 0
    assert zone_file(folder)[""] == ZONE[""]


def test_a_zone_that_the_provider_does_not_have_is_not_created(stage: Stage, folder: Path) -> None:
    (folder / "example.com.yaml").unlink()
    ended = sync(stage)
    assert (ended.code, list(folder.iterdir())) == (5, [])
    assert "files: example.com: there is no such zone at the provider" in ended.document["message"]


SECRET = f"{CANARY}-pa$$ wörd/+"
SECRETS = {
    "a literal": f"words: '{SECRET}'",
    "a YAML escape": 'words: "' + "".join(f"\\u{ord(letter):04x}" for letter in SECRET) + '"',
    "a list": f"words: ['{SECRET}']",
    "a variable": "words: env/WORDS",
    "a default of a variable": f"words: 'env/UNSET/{SECRET}'",
    "an include": "words: !include words.yaml",
}


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize("line", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_that_a_provider_echoes_is_masked(stage: Stage, folder: Path, line: str) -> None:
    stage.set("WORDS", SECRET)
    secret = stage.write("words.yaml.key", f"'{SECRET}'\n")
    text = (
        f"providers: {{files: {{class: providers.Echo, directory: zones, {line}}}}}\n"
        "zones: {example.com.: {sources: [files], targets: [files]}}\n"
    ).replace("words.yaml", "words.yaml.key")
    stage.write("octodns.yaml.key", text)
    ended = stage.spawn("dns", "sync", "--config", "octodns.yaml.key", "--auto-approve", "--format", "json")
    secret.unlink()
    assert ended.code == 8
    assert "request " in ended.document["message"]
    assert "wörd" not in ended.out + ended.err
    assert "w\\u00f6rd" not in ended.out + ended.err


@pytest.mark.usefixtures("providers")
@pytest.mark.parametrize("secret", ["7", "zq", "x" * 3], ids=len)
def test_a_short_secret_is_masked_too(stage: Stage, folder: Path, secret: str) -> None:
    stage.set("WORDS", secret)
    configure(stage, **{"class": "providers.Echo", "words": "env/WORDS"})
    ended = sync(stage)
    said = ended.document["message"].partition("RuntimeError: ")[2]
    assert secret not in said
    assert said.startswith("request ")


@pytest.mark.usefixtures("providers")
def test_an_unset_or_empty_variable_leaves_messages_readable(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Echo", "words": "env/WORDS"})
    ended = sync(stage)
    assert (ended.code, ended.document["reason"]) == (65, "invalid_config")
    assert "missing env var WORDS" in ended.document["message"]
    stage.set("WORDS", "")
    assert sync(stage).document["message"] == (
        "files: example.com could not be read: RuntimeError: request \"\" and '' failed"
    )


def test_a_configuration_that_is_no_yaml_shows_no_text_of_the_file(stage: Stage, folder: Path) -> None:
    stage.write("octodns.yaml.key", f"providers:\n  files: *{CANARY}\n")
    ended = stage.spawn("dns", "sync", "--config", "octodns.yaml.key", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["message"]) == (
        65,
        "octodns.yaml.key: ComposerError: line 2, column 10",
    )


def test_a_record_that_is_not_known_yet_keeps_the_other_from_nothing(stage: Stage, folder: Path) -> None:
    stage.change("web", dcv_cname_value=None)
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, states(ended)) == (6, [(NAME, "done"), (ACME, "refused")])
    assert ended.document["message"] == (
        f"the API has not given the validation record of {NAME} yet: run dns sync again later"
    )
