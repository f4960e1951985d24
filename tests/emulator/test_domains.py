"""The life of a custom domain in the emulator, call by call and switch by switch, without HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from seeded_ids import seeded_ids

from reconciler.emulator.auth import Account
from reconciler.emulator.checks import LookupResult
from reconciler.emulator.problems import Problem
from reconciler.emulator.state import Organization
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World
from reconciler.model.environments import Secret

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"
NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z

READY = ("CONNECTED", "ACTIVE")
FAILED = ("FAILED", "FAILING")
PENDING = ("PENDING", "PENDING")


def made(**switches: Any) -> World:
    """A world of two Environments with a clock that only moves when it is wound."""
    world = World(Switches(**switches), clock=lambda: NOW, ids=seeded_ids(1))
    world.auth.register([Account("a", Secret("key-a"), A), Account("b", Secret("key-b"), B)])
    return world


def answer(call: Any, *args: Any) -> tuple[int, Any]:
    """Status and body, whichever way a call ends."""
    try:
        return 200, call(*args)
    except Problem as problem:
        return problem.status, problem.body


def refused(status: int, error_type: str, detail: str) -> tuple[int, Any]:
    return status, {"detail": detail, "error_type": error_type}


def statuses(domain: Any) -> tuple[str, str]:
    return domain.status, domain.certificate_status


def test_a_new_domain_is_like_the_documented_example() -> None:
    domain = made().domains.create(A, "images.example.com")
    assert domain.as_dict() == {
        "id": domain.id,
        "environment_id": A,
        "hostname": "images.example.com",
        "cname_record": "images.example.com",
        "cname_value": "cdn-proxy.imgwire.dev",
        "dcv_cname_record": "_acme-challenge.images.example.com",
        "dcv_cname_value": f"{domain.id.replace('-', '')[:16]}.dcv.imgwire.dev",
        "certificate_status": "PENDING",
        "status": "PENDING",
        "last_verified_at": None,
        "created_at": "2026-09-21T14:13:20Z",
        "updated_at": "2026-09-21T14:13:20Z",
    }


def test_a_domain_from_creation_to_deletion() -> None:
    world = made()
    created = world.domains.create(A, "images.example.com")
    assert world.domains.read(A) == created
    world.advance_clock(300)
    checked = world.domains.test_connection(A)
    stamp = "2026-09-21T14:18:20Z"
    ready = replace(created, status="CONNECTED", certificate_status="ACTIVE", last_verified_at=stamp, updated_at=stamp)
    assert checked == ready
    assert world.domains.read(A) == ready
    assert world.domains.delete(A) == created.id
    assert answer(world.domains.read, A) == refused(404, "ResourceNotFoundError", "Custom domain not found")
    again = world.domains.create(A, "images.example.com")
    assert again.id != created.id
    assert again.dcv_cname_value != created.dcv_cname_value


@pytest.mark.parametrize("call", ["read", "delete", "test_connection"])
def test_without_a_domain_the_other_calls_answer_not_found(call: str) -> None:
    expected = refused(404, "ResourceNotFoundError", "Custom domain not found")
    assert answer(getattr(made().domains, call), A) == expected


@pytest.mark.parametrize(
    ("switches", "call", "expected"),
    [
        ({"absent": "null"}, "read", (200, None)),
        ({"absent": "bare"}, "read", (404, {"detail": "Not Found"})),
        ({"absent": "410"}, "read", refused(410, "ResourceNotFoundError", "Custom domain not found")),
        ({"absent": "404", "error_types": "omitted"}, "read", (404, {"detail": "Custom domain not found"})),
        ({"delete_absent": "200"}, "delete", (200, {"status": "deleted"})),
        ({"test_absent": "null"}, "test_connection", (200, None)),
        ({"test_absent": "409"}, "test_connection", refused(409, "ResourceNotFoundError", "Custom domain not found")),
    ],
)
def test_the_response_without_a_domain_follows_the_switch(switches: Any, call: str, expected: Any) -> None:
    assert answer(getattr(made(**switches).domains, call), A) == expected


def test_a_hostname_is_claimed_once_among_all_environments() -> None:
    world = made()
    world.domains.create(A, "Images.Example.com")
    taken = refused(409, "ResourceConflictError", "The hostname is already claimed by another custom domain")
    assert answer(world.domains.create, B, "images.example.com") == taken
    world.domains.delete(A)
    assert world.domains.create(B, "images.example.com").environment_id == B


def test_status_and_name_of_a_conflict_follow_the_switches() -> None:
    world = made(conflict_status=400, conflict_name="HostnameAlreadyExistsError")
    world.domains.create(A, "images.example.com")
    taken = "The hostname is already claimed by another custom domain"
    assert answer(world.domains.create, B, "images.example.com") == refused(400, "HostnameAlreadyExistsError", taken)


def test_an_environment_has_one_domain() -> None:
    world = made()
    world.domains.create(A, "images.example.com")
    second = refused(409, "ResourceConflictError", "The Environment already has a custom domain")
    assert answer(world.domains.create, A, "other.example.com") == second
    assert answer(world.domains.create, A, "images.example.com") == second


def test_a_second_create_may_return_the_same_domain() -> None:
    world = made(second_create="same")
    first = world.domains.create(A, "images.example.com")
    assert world.domains.create(A, "IMAGES.example.com") == first
    assert answer(world.domains.create, A, "other.example.com")[0] == 409


def test_a_second_create_may_replace_the_domain() -> None:
    world = made(second_create="replace")
    world.domains.create(A, "images.example.com")
    assert world.domains.create(A, "other.example.com").hostname == "other.example.com"
    assert world.domains.create(B, "images.example.com").environment_id == B


def test_a_deleted_domain_may_linger() -> None:
    world = made(delete_seconds=30.0)
    created = world.domains.create(A, "images.example.com")
    world.domains.delete(A)
    assert world.domains.read(A) == created
    assert answer(world.domains.delete, A)[0] == 404
    assert [answer(world.domains.create, name, "images.example.com")[0] for name in (A, B)] == [409, 409]
    world.advance_clock(30)
    assert answer(world.domains.read, A)[0] == 404
    assert world.domains.create(B, "images.example.com").environment_id == B


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"check": "now"}, [READY, READY, READY]),
        ({"check": "staged"}, [("CONNECTED", "PENDING"), READY, READY]),
        ({"check": "checks", "check_count": 3}, [PENDING, PENDING, READY]),
        ({"check": "seconds", "check_seconds": 20.0}, [PENDING, READY, READY]),
        ({"check": "recover", "check_count": 2}, [FAILED, READY, READY]),
        ({"check": "fail"}, [FAILED, FAILED, FAILED]),
        ({"check": "fail", "failed_check": "pending"}, [PENDING, PENDING, PENDING]),
        ({"check": "never"}, [PENDING, PENDING, PENDING]),
        ({"check": "now", "check_answer": "before"}, [PENDING, READY, READY]),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_three_checks_ten_seconds_apart_follow_the_switch(switches: Any, expected: Any) -> None:
    world = made(**switches)
    world.domains.create(A, "images.example.com")
    found = []
    for _ in range(3):
        world.advance_clock(10)
        found.append(statuses(world.domains.test_connection(A)))
    assert found == expected


def test_a_failed_check_may_be_an_error() -> None:
    world = made(check="fail", failed_check="error")
    world.domains.create(A, "images.example.com")
    expected = refused(409, "CustomDomainCheckError", "The DNS records could not be verified")
    assert answer(world.domains.test_connection, A) == expected
    assert statuses(world.domains.read(A)) == PENDING


def test_a_domain_may_become_ready_by_itself() -> None:
    world = made(settle_seconds=60.0, check="never")
    world.domains.create(A, "images.example.com")
    world.advance_clock(59)
    assert statuses(world.domains.read(A)) == PENDING
    world.advance_clock(1)
    ready = world.domains.read(A)
    assert statuses(ready) == READY
    assert ready.last_verified_at == ready.updated_at == "2026-09-21T14:14:20Z"


@pytest.mark.parametrize(
    ("verified_at", "check", "expected"),
    [
        ("success", "never", None),
        ("always", "never", "2026-09-21T14:13:20Z"),
        ("success", "now", "2026-09-21T14:13:20Z"),
        ("never", "now", None),
    ],
)
def test_last_verified_at_follows_the_switch(verified_at: Any, check: Any, expected: str | None) -> None:
    world = made(verified_at=verified_at, check=check)
    world.domains.create(A, "images.example.com")
    assert world.domains.test_connection(A).last_verified_at == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([LookupResult(True, True)], READY),
        ([LookupResult(True, False)], ("CONNECTED", "PENDING")),
        ([LookupResult(False, True)], PENDING),
        ([LookupResult(None, None)], PENDING),
        ([LookupResult(True, True), LookupResult(False, True)], FAILED),
        ([LookupResult(True, True), LookupResult(True, False)], ("CONNECTED", "FAILING")),
        ([LookupResult(True, True), LookupResult(None, None)], READY),
        ([LookupResult(True, True), LookupResult(False, False), LookupResult(True, True)], READY),
    ],
)
def test_lookups_decide_the_statuses_in_dns_mode(seen: list[LookupResult], expected: tuple[str, str]) -> None:
    world = made(check="dns")
    world.domains.create(A, "images.example.com")
    found = [statuses(world.domains.test_connection(A, item)) for item in seen]
    assert found[-1] == expected


@pytest.mark.parametrize(
    ("switches", "hostname", "status"),
    [
        ({}, "images.example.com", 200),
        ({}, "xn--bcher-kva.example.com", 200),
        ({}, f"{'a' * 63}.example.com", 200),
        ({}, f"{'a' * 64}.example.com", 422),
        ({}, ".".join(["a" * 60] * 5), 422),
        ({}, "", 422),
        ({}, "example.com", 422),
        ({}, "localhost", 422),
        ({}, "https://images.example.com/path", 422),
        ({}, "images.example.com:443", 422),
        ({}, "images.example.com/", 422),
        ({}, "images.example.com?x=1", 422),
        ({}, "images.example.com#x", 422),
        ({}, "images.example.com.", 422),
        ({}, " images.example.com", 422),
        ({}, "images.example.com\n", 422),
        ({}, "ima ges.example.com", 422),
        ({}, "*.example.com", 422),
        ({}, "_x.example.com", 422),
        ({}, "-a.example.com", 422),
        ({}, "bücher.example.com", 422),
        ({}, "images..example.com", 422),
        ({}, "192.0.2.1", 422),
        ({}, "example.co.uk", 200),
        ({"apex": "suffixes"}, "example.co.uk", 422),
        ({"apex": "suffixes"}, "images.example.co.uk", 200),
        ({"apex": "suffixes"}, "example.com", 422),
        ({"apex": "allow"}, "example.com", 200),
        ({"apex": "allow"}, "localhost", 422),
        ({"trailing_dot": "strip"}, "images.example.com.", 200),
        ({"imgwire_names": "refuse"}, "a.imgwire.dev", 422),
        ({"imgwire_names": "refuse"}, "images.example.com", 200),
        ({"bad_hostname": "error"}, "example.com", 400),
    ],
)
def test_only_bare_subdomains_are_accepted(switches: Any, hostname: str, status: int) -> None:
    assert answer(made(**switches).domains.create, A, hostname)[0] == status


def test_a_bad_hostname_is_refused_in_list_form() -> None:
    message = "Value error, hostname must be a subdomain such as images.example.com, not an apex domain"
    expected = {"detail": [{"loc": ["body", "hostname"], "msg": message, "type": "value_error"}]}
    assert answer(made().domains.create, A, "example.com") == (422, expected)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, "images.example.com"),
        ({"hostname_form": "sent"}, "Images.Example.com"),
        ({"hostname_form": "upper"}, "IMAGES.EXAMPLE.COM"),
        ({"hostname_form": "dotted"}, "images.example.com."),
    ],
)
def test_the_form_of_the_hostname_follows_the_switch(switches: Any, expected: str) -> None:
    world = made(**switches)
    assert world.domains.create(A, "Images.Example.com").hostname == expected
    assert answer(world.domains.create, B, "images.example.com")[0] == 409


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"timestamps": "seconds"}, "2026-09-21T14:13:20Z"),
        ({"timestamps": "fractions"}, "2026-09-21T14:13:20.000000Z"),
        ({"timestamps": "offset"}, "2026-09-21T14:13:20+00:00"),
    ],
)
def test_the_form_of_times_follows_the_switch(switches: Any, expected: str) -> None:
    world = made(**switches, check="seconds", check_seconds=0.0)
    assert world.domains.create(A, "images.example.com").created_at == expected
    assert world.domains.test_connection(A).last_verified_at == expected


@pytest.mark.parametrize(
    "organization",
    [
        Organization(custom_domain_enabled=False),
        Organization(subscription_status="CANCELED"),
        Organization(subscription_status="INACTIVE"),
        Organization(blocked=True),
    ],
)
def test_a_plan_without_custom_domains_refuses_creation(organization: Organization) -> None:
    world = made()
    with world.writing() as state:
        state.put(organization)
    unpaid = refused(402, "PaymentRequiredError", "An active subscription with custom domains is required")
    assert answer(world.domains.create, A, "images.example.com") == unpaid
    assert answer(world.domains.read, A)[0] == 404
    assert answer(world.auth.authenticate, "Bearer key-a", None) == (200, A)
    world.switches = Switches(payment_blocks="all")
    assert answer(world.auth.authenticate, "Bearer key-a", None) == unpaid
