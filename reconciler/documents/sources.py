"""The manifest that a run read and what it selected of it, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.environments import Source, SourceFile

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def source_object(source: Source) -> Object:
    return {
        "files": [{"path": item.path, "sha256": item.sha256} for item in source.files],
        "api_url": source.api_url,
        "selection": {
            "environments": list(source.names),
            "selectors": list(source.selectors),
            **({"shard": source.shard} if source.shard else {}),
        },
    }


def source_of(item: Object) -> Source:
    selection = item["selection"]
    return Source(
        tuple(SourceFile(file["path"], file["sha256"]) for file in item["files"]),
        item["api_url"],
        tuple(selection["environments"]),
        tuple(selection["selectors"]),
        selection.get("shard"),
    )
