"""Values of options that are more than a word: each is read by a function that raises ValueError with the message to show."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.completion import codes, environments, labels, paths
from reconciler.dns.servers import parse_server
from reconciler.model.durations import parse_duration, parse_timeout, parse_validity
from reconciler.operations.digest_files import read_digest
from reconciler.operations.report_files import ReportFile
from reconciler.render.style import parse_comment_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from reconciler.cli.completion import Completer


class Value(click.ParamType[Any]):
    """What `parse` makes of the text of an option. `name` is the placeholder on help pages; `complete` finds candidates for
    the beginning of a text."""

    def __init__(self, name: str, parse: Callable[[str], object] = str, complete: Completer | None = None) -> None:
        self.name = name
        self._parse = parse
        self._complete = complete

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._parse(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return self._complete(ctx, incomplete) if self._complete else super().shell_complete(ctx, param, incomplete)


def report_file(formats: tuple[str, ...]) -> Value:
    """A ReportFile with one of these formats."""
    return Value("FORMAT=[+]FILE", partial(ReportFile.parse, formats))


DURATION = Value("DURATION", parse_duration)
VALIDITY = Value("DURATION", parse_validity)
TIMEOUT = Value("DURATION", parse_timeout)
COMMENT_KEY = Value("KEY", parse_comment_key)
DIGEST = Value("DIGEST|@FILE", read_digest)
DNS_SERVER = Value("ADDRESS[:PORT]", parse_server)
PATH = Value("PATH", complete=paths)
NAME = Value("NAME", complete=environments)
LABEL = Value("K=V", complete=labels)
CODE = Value("CODE", complete=codes)
