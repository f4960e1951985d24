"""The four calls on the custom domain of an Environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.emulator.checks import LookupResult, run_check, settle
from reconciler.emulator.hostnames import hostname_error
from reconciler.emulator.problems import conflict, domain_error, invalid_hostname, no_domain, payment_required
from reconciler.emulator.stale import StaleReads
from reconciler.emulator.state import Claim, State, digest, hostname_key
from reconciler.model.domains import CertificateStatus, Domain, Status

if TYPE_CHECKING:
    from reconciler.emulator.core import Core

_DELEGATION_HOST = "0123456789abcdef.dcv.cloudflare.com"  # Cloudflare's delegated validation has one such host per zone
ROUTING_TARGET = "cdn-proxy.imgwire.dev"  # guide, custom domains, creation example


class Domains:
    """The calls take the id of an existing Environment, and raise Problem for what the API refuses."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._stale = StaleReads()

    def find(self, environment_id: str) -> Domain | None:
        """The custom domain, if there is one."""
        with self._core.reading() as state:
            claim = self._claim(state, environment_id)
        return None if claim is None else claim.domain

    def read(self, environment_id: str) -> Domain:
        """What GET shows. Raises Problem where that is no custom domain."""
        earlier = self._stale.read(environment_id)
        domain = earlier.domain if earlier else self.find(environment_id)
        if domain is None:
            raise no_domain(self._core.switches, self._core.switches.absent)
        return domain

    def create(self, environment_id: str, hostname: str) -> Domain:
        """Claim a hostname. Raises Problem: 402, 422, a conflict."""
        switches = self._core.switches
        name = hostname.removesuffix(".") if switches.trailing_dot == "strip" else hostname
        if reason := hostname_error(name, switches):
            raise invalid_hostname(switches, name, reason)
        with self._core.writing() as state:
            self._require_payment(state)
            own = self._claim(state, environment_id)
            if own is not None:
                same = own.gone_at is None and hostname_key(own.domain.hostname) == hostname_key(name)
                if same and switches.second_create == "same":
                    return own.domain
                if own.gone_at is not None or switches.second_create != "replace":
                    raise conflict(switches, "The Environment already has a custom domain")
            holder = state.holder(name)
            if holder is not None and holder.id != environment_id:
                if self._claim(state, holder.id) is not None:
                    raise conflict(switches, "The hostname is already claimed by another custom domain")
                state.put(replace(holder, claim=None))
            domain = self._new(state, environment_id, name, hostname)
            state.put(replace(state.environments[environment_id], claim=Claim(domain)))
        self._stale.keep(environment_id, own.domain if own else None, switches.stale_reads)
        return domain

    def delete(self, environment_id: str) -> str:
        """Delete the custom domain and return its id. Raises Problem: 402, or where there is none."""
        switches = self._core.switches
        with self._core.writing() as state:
            if switches.payment_blocks == "writes":
                self._require_payment(state)
            claim = self._claim(state, environment_id)
            if claim is None or claim.gone_at is not None:
                raise no_domain(switches, switches.delete_absent)
            gone_at = self._core.now(state) + switches.delete_seconds
            rest = replace(claim, gone_at=gone_at) if switches.delete_seconds else None
            state.put(replace(state.environments[environment_id], claim=rest))
        self._stale.keep(environment_id, claim.domain, switches.stale_reads)
        return claim.domain.id

    def clear(self) -> None:
        """Forget the stale reads that are still to come."""
        self._stale.clear()

    def test_connection(self, environment_id: str, lookup: LookupResult | None = None) -> Domain:
        """Check DNS and certificate, and return the domain as the response shows it. `lookup` is the result of DNS look-ups.

        Raises Problem where there is no custom domain.
        """
        switches = self._core.switches
        with self._core.writing() as state:
            before = self._claim(state, environment_id)
            if before is None:
                raise no_domain(switches, switches.test_absent)
            after, failed = run_check(before, self._core.now(state), switches, lookup)
            state.put(replace(state.environments[environment_id], claim=after))
        if failed and switches.failed_check == "error":
            raise domain_error(switches, 409, "CustomDomainCheckError", "The DNS records could not be verified")
        return before.domain if switches.check_answer == "before" else after.domain

    def _require_payment(self, state: State) -> None:
        if not state.organization.paid:
            raise payment_required(self._core.switches)

    def _claim(self, state: State, environment_id: str) -> Claim | None:
        """The claim at this time; None where there is none, or where it was deleted and is no longer shown."""
        claim = state.environments[environment_id].claim
        if claim is None:
            return None
        now = self._core.now(state)
        if claim.gone_at is not None and now >= claim.gone_at:
            return None
        return settle(claim, now, self._core.switches)

    def _new(self, state: State, environment_id: str, name: str, sent: str) -> Domain:
        switches, new_id, now = self._core.switches, self._core.new_id(), self._core.stamp(state)
        lower = name.lower()
        forms = {"lower": lower, "sent": sent, "upper": name.upper(), "dotted": f"{lower}."}
        validation_target = {
            "record": f"{new_id.replace('-', '')[:16]}.dcv.imgwire.dev",
            "hostname": f"{digest(lower)[:16]}.dcv.imgwire.dev",
            "placeholder": lower,
            "delegated": f"{lower}.{_DELEGATION_HOST}",
        }
        return Domain(
            id=new_id,
            environment_id=environment_id,
            hostname=forms[switches.hostname_form],
            cname_record=lower,
            cname_value=ROUTING_TARGET,
            dcv_cname_record=f"_acme-challenge.{lower}",
            dcv_cname_value=validation_target[switches.dcv],
            certificate_status=CertificateStatus.PENDING,
            status=Status.PENDING,
            last_verified_at=None,
            created_at=now,
            updated_at=now,
        )
