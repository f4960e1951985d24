"""`reconciler verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.dns_options import baseline_option, dns_options, probe_options
from reconciler.cli.help import MISTAKEN, UNREAD, command, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online
from reconciler.cli.values import DURATION

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.operations.dns_servers import Dns


@command(
    help="Re-check DNS and certificates, and report what is not ready.",
    exit_codes=[
        ("0", "ready"),
        ("3", "not ready yet"),
        ("4", "failed after a fresh check; not serving"),
        MISTAKEN,
        UNREAD,
    ],
    examples=[
        ("reconciler verify", "Check once"),
        ("reconciler verify --wait 15m", "Check until ready, for at most 15 minutes"),
        ("reconciler verify --probe", "Also connect to ready hostnames"),
    ],
)
@shared("verify")
@option("--wait", type=DURATION, default=0.0, help="Check again until ready, for at most DURATION.")
@probe_options
@baseline_option
@dns_options
def verify(options: Options, wait: float, probe_days: int | None, baseline: str | None, dns: Dns) -> ExitCode:
    """Run the command."""
    from reconciler.operations.drift import baseline_in
    from reconciler.operations.verify import verify as operation

    return run_online(
        options,
        lambda workspace, context: operation(
            workspace, context, wait=wait, dns=dns, baseline=baseline_in(baseline), probe_days=probe_days
        ),
        wait=wait,
        inputs=[baseline],
    )
