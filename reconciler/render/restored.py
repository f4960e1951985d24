"""What is known of the hostnames that an apply has restored, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import domain_of
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname

if TYPE_CHECKING:
    from reconciler.model.domains import Domain
    from reconciler.model.report import Restored
    from reconciler.model.results import ApplyResult
    from reconciler.render.next_command import NextCommand


def restored_state(item: Restored, result: ApplyResult) -> str:
    """The custom domain that has the hostname now, and what it still needs to serve traffic. Not escaped."""
    domain = _last_seen(item, result)
    words = f"a new custom domain, {domain.short_health if domain else 'whose state is not known'}"
    if domain and domain.ready:
        return words
    if domain and not domain.may_serve:
        words += ". It serves no traffic until its DNS records are published and it is checked"
    waited = any(verified.environment == item.environment for verified in result.verified)
    return f"{words}. This run did not wait for it" if waited else words


def next_of_restored(result: ApplyResult, next_command: NextCommand) -> str:
    """How to serve what was restored again, then how to go on with the change."""
    again = f"run `{next_command.line('plan')}` and `{next_command.line('apply')}` again. A saved plan is stale now."
    waiting = [item for item in result.applied.restored if not ((domain := _last_seen(item, result)) and domain.ready)]
    if not waiting:
        return f"Next: fix the error above, then {again}"
    first = waiting[0]
    if len(waiting) == 1:
        hostname, name = escape_control(display_hostname(first.hostname)), escape_control(first.environment)
        records, keep = f"the records of {hostname}", f"To keep it, set it as the hostname of `{name}` in the manifest"
        verify = next_command.line("verify --wait 15m", first.environment)
    else:
        records, keep = "the records of the restored hostnames", "To keep them, set them in the manifest again"
        verify = next_command.line("verify --wait 15m")
    restored = {item.environment for item in result.applied.restored}
    if any(item.environment not in restored for item in result.records):
        records = "the records above"
    return (
        f"Next: publish {records} where DNS lacks them. {keep}, then run `{verify}`. "
        f"To go on with the change, fix the error above, then {again}"
    )


def _last_seen(item: Restored, result: ApplyResult) -> Domain | None:
    """The restored custom domain as it was last seen; None where something else was seen since."""
    live = domain_of(result.applied.live.get(item.environment))
    return live if live is not None and live.id == item.domain.id else None
