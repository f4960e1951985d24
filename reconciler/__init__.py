"""Declarative custom domains for Imgwire: a manifest in, a plan out, and an apply that can be trusted.

The names in `__all__` are the public Python API. Everything else is private and may change in any release. Importing this
package loads the standard library only; each name is loaded when it is first used.
"""

from reconciler.version import __version__ as __version__

# `python -m reconciler` loads this before it takes the working folder off the path, so nothing is imported from elsewhere here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode as ExitCode
    from reconciler.model.observer import NullObserver as NullObserver
    from reconciler.model.observer import Observer as Observer
    from reconciler.model.observer import RequestEvent as RequestEvent
    from reconciler.model.proposal import Approved as Approved
    from reconciler.model.proposal import Declined as Declined
    from reconciler.model.proposal import Proposal as Proposal
    from reconciler.model.results import Report as Report
    from reconciler.model.results import Stopped as Stopped
    from reconciler.operations.apply import ApplySettings as ApplySettings
    from reconciler.operations.apply import apply as apply
    from reconciler.operations.context import Context as Context
    from reconciler.operations.dns_servers import Dns as Dns
    from reconciler.operations.drift import Confirmation as Confirmation
    from reconciler.operations.drift import drift as drift
    from reconciler.operations.drift import read_baseline as read_baseline
    from reconciler.operations.propose import propose as propose
    from reconciler.operations.receipt import ReceiptFile as ReceiptFile
    from reconciler.operations.reports import render_report as render_report
    from reconciler.operations.reports import report as report
    from reconciler.operations.status import status as status
    from reconciler.operations.verify import verify as verify
    from reconciler.operations.workspace import Inputs as Inputs
    from reconciler.operations.workspace import Workspace as Workspace
    from reconciler.planning.guards import Consent as Consent

_MODULES = {
    "ApplySettings": "operations.apply",
    "Approved": "model.proposal",
    "Confirmation": "operations.drift",
    "Consent": "planning.guards",
    "Context": "operations.context",
    "Declined": "model.proposal",
    "Dns": "operations.dns_servers",
    "ExitCode": "model.exit_codes",
    "Inputs": "operations.workspace",
    "NullObserver": "model.observer",
    "Observer": "model.observer",
    "Proposal": "model.proposal",
    "ReceiptFile": "operations.receipt",
    "Report": "model.results",
    "RequestEvent": "model.observer",
    "Stopped": "model.results",
    "Workspace": "operations.workspace",
    "apply": "operations.apply",
    "drift": "operations.drift",
    "propose": "operations.propose",
    "read_baseline": "operations.drift",
    "render_report": "operations.reports",
    "report": "operations.reports",
    "status": "operations.status",
    "verify": "operations.verify",
}
__all__ = [
    "ApplySettings",
    "Approved",
    "Confirmation",
    "Consent",
    "Context",
    "Declined",
    "Dns",
    "ExitCode",
    "Inputs",
    "NullObserver",
    "Observer",
    "Proposal",
    "ReceiptFile",
    "Report",
    "RequestEvent",
    "Stopped",
    "Workspace",
    "apply",
    "drift",
    "propose",
    "read_baseline",
    "render_report",
    "report",
    "status",
    "verify",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
