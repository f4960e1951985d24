"""The variables of a run are those of its inputs. The environment of the process does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.doctor import CheckState
from reconciler.model.domains import Unreadable
from reconciler.model.errors import NotSent
from reconciler.operations.context import Context
from reconciler.operations.dns_servers import Dns
from reconciler.operations.doctor import doctor
from reconciler.operations.probe import probe_ready
from reconciler.operations.propose import survey
from reconciler.operations.workspace import Inputs, Workspace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
OF_THE_PROCESS = {"HTTPS_PROXY": "ftp://process.example.com", "SSL_CERT_FILE": "/nonexistent/process.pem"}


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in OF_THE_PROCESS.items():
        monkeypatch.setenv(name, value)


def workspace(folder: Path, **environ: str) -> Workspace:
    """One environment, at an API on a port of this machine where nothing listens."""
    manifest = folder / "imgwire.yaml"
    manifest.write_text("version: 1\nenvironments:\n  web: {hostname: web.example.com}\n")
    inputs = Inputs({"IMGWIRE_API_KEY_WEB": "sk_web", **environ}, (str(manifest),), api_url="https://127.0.0.1:1")
    return Workspace.open(inputs)


async def read_problem(opened: Workspace) -> str:
    async with Context(retries=0) as context:
        try:
            result = await survey(opened, context)
        except NotSent as problem:
            return problem.message
    (item,) = result.plan.environments
    assert isinstance(item.live, Unreadable)
    return item.live.error.message


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "could not connect to 127.0.0.1:1: connection refused"),
        ({"HTTPS_PROXY": "ftp://own.example.com"}, "the proxy cannot be used"),
        ({"SSL_CERT_FILE": "/nonexistent/own.pem"}, "the certificates of SSL_CERT_FILE cannot be used"),
    ],
    ids=["none", "proxy", "certificates"],
)
async def test_reads_use_the_proxy_and_the_certificates_of_the_inputs(
    tmp_path: Path, environ: dict[str, str], problem: str
) -> None:
    assert problem in await read_problem(workspace(tmp_path, **environ))


@pytest.mark.parametrize(
    ("environ", "states"),
    [
        ({}, {"proxy": CheckState.OK, "tls": CheckState.FAILED}),
        ({"HTTPS_PROXY": "ftp://own.example.com"}, {"proxy": CheckState.FAILED, "tls": CheckState.SKIPPED}),
    ],
    ids=["none", "proxy"],
)
async def test_doctor_checks_the_proxy_of_the_inputs(
    tmp_path: Path, environ: dict[str, str], states: dict[str, CheckState]
) -> None:
    async with Context(retries=0) as context:
        result = await doctor(workspace(tmp_path, **environ), context)
    assert {check.name: check.state for check in result.checks if check.name in states} == states


async def test_probes_trust_the_certificates_of_the_inputs(tmp_path: Path) -> None:
    pytest.importorskip("dns")
    async with Context() as context:
        assert await probe_ready(workspace(tmp_path), context, {}, {}, Dns(), 14) == ()
        own = workspace(tmp_path, SSL_CERT_FILE="/nonexistent/own.pem")
        with pytest.raises(NotSent, match="the certificates of SSL_CERT_FILE cannot be used"):
            await probe_ready(own, context, {}, {}, Dns(), 14)
