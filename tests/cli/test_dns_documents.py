"""What documents say about records that are wrong in DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")

from lookups.server import Zone, served_aside

if TYPE_CHECKING:
    from cli.stage import Stage

NAME = "images.example.com"


@pytest.mark.parametrize("command", [["dns", "check"], ["verify"]], ids=" ".join)
@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_a_wrong_record_is_shown_with_what_dns_answered(stage: Stage, command: list[str], format_: str) -> None:
    stage.environment("web", NAME, status="PENDING", certificate_status="PENDING")
    stage.manifest(web=NAME)
    stage.world.switches = stage.world.switches.with_text("check", "never")
    with served_aside(Zone()) as zone:
        zone.publish(f"{NAME}. CNAME elsewhere.example.net.")
        ended = stage.run(*command, "--dns-server", str(zone.server), "--format", format_)
    assert ended.code == 3
    assert ended.out.count("elsewhere.example.net") == 1
