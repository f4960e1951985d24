"""Report drift from a task of a scheduler. A scheduler calls `drift_task` and stores the returned JSON document.

    python drift_task.py imgwire.yaml

This runs the task once. The exit code is 0 without drift, 2 with drift, and another one where the state is unknown.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from typing import TYPE_CHECKING

from reconciler import (
    Context,
    ExitCode,
    Inputs,
    NullObserver,
    Report,
    RequestEvent,
    Stopped,
    Workspace,
    drift,
    render_report,
    report,
)

if TYPE_CHECKING:
    from typing import Any

log = logging.getLogger("drift")


class LogNotices(NullObserver):
    """Send notices and retries to the log of the scheduler."""

    def on_notice(self, level: str, text: str) -> None:
        log.log(logging.getLevelNamesMapping()[level.upper()], text)

    def on_request(self, request: RequestEvent) -> None:
        if request.kind == "retry":
            log.info(request.text)


async def find_drift(path: str) -> Report:
    """Compare live with the manifest. Only GET requests are sent."""
    workspace = Workspace.open(Inputs(os.environ, (path,)))
    async with Context(observer=LogNotices(), parallelism=8, retries=6) as context:
        return report("drift", workspace, context, await drift(workspace, context))


def drift_task(path: str) -> dict[str, Any]:
    """The task: a JSON document with `exit_code` and `findings`. Raises Stopped for a manifest that cannot be used."""
    document: dict[str, Any] = json.loads(render_report(asyncio.run(find_drift(path)), "json"))
    return document


def main(path: str) -> int:
    """Run the task once, and print what it found."""
    try:
        found = drift_task(path)
    except Stopped as stopped:
        print(f"error: {stopped}", file=sys.stderr)
        return stopped.failed.exit_code
    for finding in found["findings"]:
        print(f"{finding['kind']}: {finding['message']} [{finding['fingerprint']}]")
    return ExitCode(found["exit_code"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(main(sys.argv[1]))
