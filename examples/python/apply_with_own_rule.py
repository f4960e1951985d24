"""Apply a manifest under a rule of your own: plans that only create are approved, all others are declined.

    python apply_with_own_rule.py imgwire.yaml

API keys and IMGWIRE_API_BASE_URL come from the environment, as for the command line. The exit codes are the same too.
"""

from __future__ import annotations

import asyncio
import os
import sys

from reconciler import (
    Approved,
    Context,
    Declined,
    Inputs,
    Proposal,
    Stopped,
    Workspace,
    apply,
    propose,
    render_report,
    report,
)


async def approve(proposal: Proposal) -> Approved | Declined:
    """The rule. It may take as long as it needs: ask a person, a ticket system, or a policy engine."""
    deletes = [step for step in proposal.plan.writes if step.op == "delete"]
    if deletes:
        return Declined("deletes", f"custom domains that the plan deletes: {len(deletes)}", "apply this plan by hand")
    return Approved(proposal.digest)


async def main(path: str) -> int:
    """Plan, approve, apply, and print what was done."""
    try:
        workspace = Workspace.open(Inputs(os.environ, (path,)))
        async with Context(parallelism=8) as context:
            proposal = await propose(workspace, context)
            result = await apply(workspace, context, proposal, approve)
            finished = report("apply", workspace, context, result)
    except Stopped as stopped:
        print(f"error: {stopped}", file=sys.stderr)
        return stopped.failed.exit_code
    print(render_report(finished, "text"), end="")
    return finished.conclusion.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
