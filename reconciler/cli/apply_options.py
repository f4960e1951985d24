"""The options of `plan` and `apply` about guards, and those of `apply` about how steps are run and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.gathered import gathered
from reconciler.cli.help import consent_option, option
from reconciler.cli.values import DURATION, NAME, PATH
from reconciler.operations.guard_choice import GuardChoice

if TYPE_CHECKING:
    from reconciler.operations.apply import ApplySettings
    from reconciler.operations.dns_servers import Dns


guard_options = gathered(
    "guards",
    GuardChoice,
    consent_option(
        "--unprotect", multiple=True, type=NAME, help="Ignore `protect` of this environment once. Repeatable."
    ),
    consent_option(
        "--max-interruptions", type=click.IntRange(0), metavar="N", help="Allow N interruptions in this run."
    ),
    consent_option("--ignore-window", is_flag=True, help="Allow interruptions outside `limits.change_windows`."),
    consent_option(
        "--base", multiple=True, type=PATH, help="Manifest of the base revision: its guards count too. Repeatable."
    ),
)
"""Gives a command the options that lift guards of the manifest, or add those of its base revision, as `guards`."""


def _settings(
    on_create_failure: str,
    step_timeout: float,
    receipt: str | None,
    wait: float | None,
    publish: str | None,
    allow_zone_rewrite: bool,
    dns: Dns,
) -> ApplySettings:
    from reconciler.operations.apply import ApplySettings
    from reconciler.operations.publish_settings import PublishSettings
    from reconciler.operations.receipt import ReceiptFile

    if not step_timeout:
        raise click.UsageError("--step-timeout must be at least 1 s")
    publishing = PublishSettings(publish, allow_zone_rewrite) if publish is not None else None
    file = ReceiptFile(receipt) if receipt is not None else None
    return ApplySettings(on_create_failure == "restore", step_timeout, file, wait, dns, publishing)


apply_settings = gathered(
    "settings",
    _settings,
    option(
        "--on-create-failure",
        type=click.Choice(["restore", "leave"]),
        default="restore",
        show_default=True,
        help="Restore the old hostname if the create after its delete fails.",
    ),
    option(
        "--step-timeout", type=DURATION, default=120.0, help="Time limit of each step with its retries. Default: 2m."
    ),
    option("--receipt", metavar="FILE", help="Write a report to FILE, complete at any moment with FILE.journal."),
    option("--wait", type=DURATION, help="After applying, wait up to DURATION for readiness."),
    option("--publish", metavar="CONFIG", help="Publish the DNS records of each create with octoDNS."),
    consent_option(
        "--allow-zone-rewrite", is_flag=True, help="With --publish: accept providers that rewrite the whole zone."
    ),
)
"""Gives a command these options, as `settings`. It must have `dns` already."""
