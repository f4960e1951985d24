"""What pages show of one environment: its live state, before and after, and the command that fixes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.render.html.page import Fix, Line, Tone, Value
from reconciler.render.priority import SHOW_RECORDS
from reconciler.render.standing import Standing

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.render.next_command import NextCommand

_PURPOSES = {
    "apply": "Apply the manifest",
    "plan": "Show the change, which is protected",
    "verify": "Find the cause",
    SHOW_RECORDS: "Show the records to publish",
    "dns check": "Look up the DNS records",
}


def readable(item: EnvironmentPlan) -> bool:
    """Its live state is known."""
    return not isinstance(item.live, Unreadable)


def state_of(item: EnvironmentPlan) -> str:
    """The live state in a few words."""
    match item.live:
        case Present(domain):
            return domain.short_health
        case Unreadable():
            return Standing.UNREADABLE.words
        case _:
            return "no custom domain"


def notes_on(item: EnvironmentPlan) -> tuple[str, ...]:
    """Why the environment could not be read and what to do, or its hostname where nothing else shows it."""
    match item.live:
        case Unreadable(error):
            return (error.message, error.hint) if error.hint else (error.message,)
        case Present(domain) if not item.changes:
            return (f"`{display_hostname(domain.hostname)}`",)
        case _:
            return ()


def hostname_values(item: EnvironmentPlan, before_note: str = "live", after_note: str = "desired") -> tuple[Value, ...]:
    """The live and the desired hostname, where they differ."""
    desired = item.environment.hostname
    before, after = (display_hostname(name) if name else None for name in (item.before, desired))
    return (Value("", before, after, before_note, after_note),) if item.changes and readable(item) else ()


def live_line(item: EnvironmentPlan) -> Line:
    """One line for an environment that needs no attention."""
    match item.live:
        case Present(domain):
            hostname = f"`{display_hostname(domain.hostname)}`"
            return Line((item.name, hostname, domain.short_health), Tone.GOOD if domain.ready else Tone.WARN)
        case _:
            return Line((item.name, "no custom domain"))


def fix(command: str, name: str, next_command: NextCommand) -> Fix:
    """The command line for one environment."""
    return Fix(_PURPOSES[next_command.for_one(command, name)], next_command.line(command, name))
