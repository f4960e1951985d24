"""The words of what apply refuses, the limits at which it does, and digests that stay what they are."""

from __future__ import annotations

import pytest
from samples import API_URL, domain, live, wish

from reconciler.documents.earlier import Earlier
from reconciler.model.digest import digest
from reconciler.model.domains import Absent, Live, Present, Unreadable
from reconciler.model.errors import ServerFault
from reconciler.model.plan import Action, Block, Plan
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan

PIN = "11111111-1111-4111-8111-111111111111"


def plan_of(desired: dict[str, str | None], found: dict[str, Live], **more: object) -> Plan:
    return build_plan([wish(name, hostname, **more) for name, hostname in desired.items()], found, API_URL)


WEB = domain("web", "old.example.com")
REPLACE = plan_of({"web": "new.example.com"}, {"web": Present(WEB)})
TWINS = {"app": Present(WEB), "web": Present(WEB)}
MANY = {f"e{number}": f"e{number}.example.com" for number in range(6)}


@pytest.mark.parametrize(
    ("plan", "consent", "expected"),
    [
        pytest.param(
            plan_of({"web": "old.example.com"}, {"web": Present(WEB)}, environment_id=PIN),
            Consent(),
            Block(
                "wrong_environment",
                "web",
                f"the key of `web` opens Environment {WEB.environment_id}, but the manifest pins {PIN}",
            ),
            id="wrong environment",
        ),
        pytest.param(
            plan_of({"app": "old.example.com", "web": None}, TWINS),
            Consent(),
            Block(
                "environment_shared",
                "app",
                f"the keys of `app`, `web` open the same Environment, {WEB.environment_id}",
            ),
            id="shared",
        ),
        pytest.param(
            plan_of({"a": None, "b": None}, {"a": Absent(), "b": Absent()}),
            Consent(earlier=Earlier({name: f"{name}.example.com" for name in "abc"})),
            Block(
                "all_absent",
                None,
                "all 2 known custom domains are reported absent; a wrong URL or wrong keys would look the same",
                "--believe-absent",
            ),
            id="all gone at once",
        ),
        pytest.param(
            plan_of({"web": "new.example.com"}, {"web": Present(WEB)}, protect=True),
            Consent(),
            Block(
                "protected",
                "web",
                "`web` is protected, and the plan would replace its custom domain `old.example.com`",
                "--unprotect web",
            ),
            id="protected",
        ),
        pytest.param(
            plan_of(MANY, dict.fromkeys(MANY, Absent())),
            Consent(allow=frozenset({Action.DELETE})),
            Block(
                "not_allowed",
                "e0",
                "--allow does not name create, which the plan needs for `e0`, `e1`, `e2`, `e3`, `e4` …",
                "--allow create,delete",
            ),
            id="not allowed, many",
        ),
        pytest.param(
            plan_of(dict(list(MANY.items())[:5]), dict.fromkeys(list(MANY)[:5], Absent())),
            Consent(allow=frozenset({Action.DELETE})),
            Block(
                "not_allowed",
                "e0",
                "--allow does not name create, which the plan needs for `e0`, `e1`, `e2`, `e3`, `e4`",
                "--allow create,delete",
            ),
            id="not allowed, few",
        ),
        pytest.param(
            REPLACE,
            Consent(max_interruptions=0),
            Block(
                "too_many_interruptions",
                None,
                "the plan interrupts 1 serving hostname, more than the limit of 0",
                "--max-interruptions 1",
            ),
            id="too many interruptions",
        ),
    ],
)
def test_a_block_has_environment_message_and_override(plan: Plan, consent: Consent, expected: Block) -> None:
    assert [block for block in blocks(plan, consent) if block.code == expected.code] == [expected]


@pytest.mark.parametrize(
    ("known", "believed", "found", "blocked"),
    [
        ("ab", False, "", True),
        ("ab", True, "", False),
        ("a", False, "", False),
        ("ab", False, "b", False),
        ("", False, "", False),
        ("abc", False, "c", False),
    ],
    ids=["all of two", "believed", "one alone", "one is there", "none was known", "one of three is there"],
)
def test_all_that_was_there_being_gone_at_once_is_suspicious(
    known: str, believed: bool, found: str, blocked: bool
) -> None:
    states = {name: live(name, f"{name}.example.com") if name in found else Absent() for name in "abc"}
    plan = plan_of({name: f"{name}.example.com" for name in "abc"}, states)
    earlier = Earlier({name: f"{name}.example.com" for name in known})
    consent = Consent(earlier=earlier, believe_absent=believed)
    assert bool([block for block in blocks(plan, consent) if block.code == "all_absent"]) is blocked


def test_one_environment_that_cannot_be_read_does_not_make_it_less_suspicious() -> None:
    hostnames = {name: f"{name}.example.com" for name in "abc"}
    states = {"a": Absent(), "b": Absent(), "c": Unreadable(ServerFault("503"))}
    codes = [block.code for block in blocks(plan_of(hostnames, states), Consent(earlier=Earlier(hostnames)))]
    assert codes == ["all_absent"]


def test_domains_that_the_earlier_document_deletes_itself_may_all_be_absent() -> None:
    plan = plan_of(dict.fromkeys("ab"), dict.fromkeys("ab", Absent()))
    hostnames = {name: f"{name}.example.com" for name in "ab"}
    both = Earlier(hostnames, frozenset(hostnames.items()))
    assert blocks(plan, Consent(earlier=both)) == ()
    another = Earlier(hostnames, frozenset({("a", "older.example.com"), ("b", "b.example.com")}))
    third = Earlier({"a": "a.example.com", "c": "c.example.com"}) | another
    plan = plan_of(dict.fromkeys("abc"), dict.fromkeys("abc", Absent()))
    assert [block.code for block in blocks(plan, Consent(earlier=third))] == ["all_absent"]


def test_domains_that_moved_to_another_listed_environment_are_not_absent() -> None:
    states = {"a": Absent(), "b": Absent(), "c": live("c", "a.example.com"), "d": live("d", "b.example.com")}
    plan = plan_of({"a": None, "b": None, "c": "a.example.com", "d": "b.example.com"}, states)
    earlier = Earlier({"a": "a.example.com", "b": "b.example.com"})
    assert blocks(plan, Consent(earlier=earlier)) == ()
    part = plan_of({"a": None, "b": None}, {name: states[name] for name in "ab"})
    assert [block.code for block in blocks(part, Consent(earlier=earlier))] == ["all_absent"]
    assert blocks(part, Consent(earlier=earlier), plan.environments) == ()


def test_a_digest_is_the_same_in_every_version_of_this_format() -> None:
    """Saved plans and approvals outlive an upgrade. This value changes only together with the format's major version."""
    swap = plan_of(
        {"app": "a.example.com", "web": "b.example.com"},
        {"app": live("app", "b.example.com"), "web": live("web", "a.example.com")},
        environment_id=PIN,
    )
    assert digest(swap) == "sha256:1993ab5ed267c31d947133ebdb11a75c06561e98da5dcde022a1254f2438fada"
