"""The whole way of a hostname on BIND: apply, check, sync, ready, move to another environment, ready again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("octodns")

from dns_servers import TSIG, bind, needs_bind, transferred

from cli.test_dns_sync import NAME, needed
from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from cli.stage import Stage

MASTER = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\nmail A 192.0.2.1\n"


def published(port: int) -> set[str]:
    return {line for line in transferred(port) if " CNAME " in line}


@needs_bind
@pytest.mark.parametrize("dcv", ["record", "delegated"])
def test_a_hostname_becomes_ready_moves_and_becomes_ready_again(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory, dcv: Any
) -> None:
    stage.environment("web")
    stage.environment("other")
    stage.manifest(web=NAME, other={"hostname": None})
    stage.set("TSIG", TSIG)
    with bind(tmp_path_factory.mktemp("bind"), {"example.com": MASTER}) as port:
        server = ["--dns-server", f"127.0.0.1:{port}"]
        stage.world.switches = Switches(check="dns", dcv=dcv)
        stage.world.dns_server = f"127.0.0.1:{port}"
        provider = {
            "class": "octodns_bind.Rfc2136Provider",
            "host": "127.0.0.1",
            "port": port,
            "key_name": "update.",
            "key_secret": "env/TSIG",
            "key_algorithm": "hmac-sha256",
        }
        zones = {"example.com.": {"sources": ["dns"], "targets": ["dns"]}}
        stage.write("octodns.yaml", json.dumps({"providers": {"dns": provider}, "zones": zones}))
        others = transferred(port)

        applied = stage.run("apply", "--auto-approve", "--format", "json", *server)
        assert (applied.code, applied.document["steps"][1]["error"]["kind"]) == (0, "dns_not_ready")
        assert stage.run("dns", "check", *server).code == 3
        assert stage.run("verify", *server).code == 3
        assert stage.run("dns", "sync", "--auto-approve").code == 0
        assert published(port) == {f"{name}. 300 CNAME {value}." for name, value in needed(stage, "web").items()}
        assert stage.run("dns", "check", *server).code == 0
        assert stage.run("verify", "--wait", "30s", *server).code == 0
        assert stage.run("drift").code == 0

        stage.manifest(web={"hostname": None}, other=NAME)
        assert stage.run("apply", "--auto-approve", *server).code == 0
        assert (stage.live("web"), stage.live("other")) == (None, NAME)
        assert stage.run("dns", "check", *server).code == (3 if dcv == "record" else 0)
        assert stage.run("dns", "sync", "--auto-approve").code == 0
        assert published(port) == {f"{name}. 300 CNAME {value}." for name, value in needed(stage, "other").items()}
        assert stage.run("verify", "--wait", "30s", *server).code == 0
        assert others <= transferred(port)
