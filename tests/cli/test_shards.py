"""`--shard I/N` splits a manifest between jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest.selection import shard_of

if TYPE_CHECKING:
    from cli.stage import Stage

NAMES = ("production", "staging", "sandbox")


def test_shards_together_apply_the_whole_manifest(stage: Stage) -> None:
    for name in NAMES:
        stage.environment(name)
    stage.manifest(**{name: f"{name}.example.com" for name in NAMES})
    for index in range(2):
        ended = stage.run("apply", "--auto-approve", "--shard", f"{index}/2", "--format", "json")
        assert ended.code == 0
        assert ended.document["source"]["selection"]["shard"] == f"{index}/2"
        for name in NAMES:
            assert (stage.live(name) is not None) == (shard_of(name, 2) <= index)


def test_a_move_across_shards_is_refused(stage: Stage) -> None:
    stage.environment("production", "images.example.com")
    stage.environment("sandbox")
    assert shard_of("production", 2) != shard_of("sandbox", 2)
    stage.manifest(production=None, sandbox="images.example.com")
    for index in range(2):
        document = (ended := stage.run("plan", "--shard", f"{index}/2", "--format", "json")).document
        assert ended.code == 5
        (block,) = document["blocks"]
        # `--env` would select nothing more in this shard.
        assert (block["code"], block["override"]) == ("selection_cuts_move", None)
    assert (
        stage.run("plan", "--env", "production", "--format", "json").document["blocks"][0]["override"]
        == "--env sandbox"
    )


def test_a_shard_of_another_form_is_a_usage_error(stage: Stage) -> None:
    stage.manifest(production=None)
    for command in ("plan", "validate"):
        ended = stage.run(command, "--shard", "2/2")
        assert ended.code == 64
        assert "`2/2` is not a shard" in ended.err
