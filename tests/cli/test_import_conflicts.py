"""`import` writes nothing where what it would write is no longer, or not, what was proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from processes.running import started, wait_for

from cli.stage import DOMAIN
from reconciler.emulator.faults import Fault, Kind

if TYPE_CHECKING:
    from cli.stage import Stage

BEFORE = "version: 1\nenvironments:\n  shop: shop.example.com\n"
EDITED = f"{BEFORE}# added while import ran\n"


@pytest.mark.parametrize(
    ("before", "meanwhile"),
    [(BEFORE, EDITED), (None, BEFORE)],
    ids=["a manifest that is edited", "a manifest that appears"],
)
def test_an_edit_during_import_is_kept_and_the_import_is_refused(
    stage: Stage, before: str | None, meanwhile: str
) -> None:
    stage.environment("web", "web.example.com")
    if before is not None:
        stage.write("imgwire.yaml", before)
    fault = Fault(Kind.DELAY, method="GET", path=DOMAIN, seconds=1.0)
    stage.world.faults.add(fault)
    with started("import", "web", "--write", "--format", "json") as process:
        wait_for(stage, fault)
        stage.write("imgwire.yaml", meanwhile)
        ended = process.end()
    assert (ended.code, ended.document["reason"]) == (1, "not_proven")
    assert stage.read("imgwire.yaml") == meanwhile
    assert stage.run("import", "web", "--write").code == 0


def test_a_hostname_that_a_manifest_cannot_express_is_not_imported(stage: Stage) -> None:
    """The API returns a name that, read back from the manifest, would be another one: the plan would replace it."""
    stage.environment("web", "web.example.com")
    stage.change("web", hostname="web.example.com..")
    for options in ([], ["--write"]):
        ended = stage.run("import", "web", *options, "--format", "json")
        assert (ended.code, ended.document["reason"]) == (1, "not_proven")
        assert not (stage.folder / "imgwire.yaml").exists()
