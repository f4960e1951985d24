"""One run of one command: its inputs are opened, the operation runs, and any end becomes a report that is published."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click

from reconciler.cli.output import publish, publish_step_files
from reconciler.cli.signals import signals
from reconciler.model.conclusion import report_of
from reconciler.model.errors import BackendError
from reconciler.model.exit_codes import ExitCode
from reconciler.model.failures import failure_of, interrupted
from reconciler.model.results import Failed, Stopped
from reconciler.operations.now import now
from reconciler.operations.outputs import Unwritable, check_outputs
from reconciler.streams import unread_stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from reconciler.cli.log import Log
    from reconciler.cli.options import Options
    from reconciler.documents.saved_plan import SavedPlan
    from reconciler.engine.stop import Stop
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Source
    from reconciler.model.results import Report, Result
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Subject, Workspace

T = TypeVar("T")
Opened = TypeVar("Opened", bound="Subject")


class _More(TypedDict, total=False):
    """`outputs` and `inputs` are paths that the command writes and reads beside reports and manifests. `finish` may do more with
    the published report, and change the exit code. `complete` adds to a result what a failed run had not read."""

    outputs: Sequence[str | None]
    inputs: Sequence[str | None]
    finish: Callable[[Report, ExitCode], ExitCode]
    complete: Callable[[Result], Result]


def run(
    options: Options,
    open_: Callable[[], Opened],
    operate: Callable[[Opened, Log], Result],
    **more: Unpack[_More],
) -> ExitCode:
    """Open, operate, publish: the exit code. This is the one boundary for errors."""
    log, shown = options.log, options
    outputs = (*(report.path for report in options.reports), *more.get("outputs", ()))
    written = tuple(path for path in outputs if path is not None)
    read = (*(path for path in more.get("inputs", ()) if path is not None), *options.read_paths)
    source: Source | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    try:
        check_outputs(written, read, format_=options.format)
        signals.check()
        opened = open_()
        source, diagnostics = opened.source, opened.diagnostics
        check_outputs(written, (*read, *opened.inputs))
        signals.check()
        result = operate(opened, log)
        signals.ignore()
    except Unwritable as stopped:
        result, shown = stopped.failed, replace(options, reports=())
    except Stopped as stopped:
        result = stopped.failed
        source, diagnostics = stopped.source or source, stopped.diagnostics or diagnostics
        if result.message not in {None, *(item.message for item in stopped.diagnostics)}:
            log.diagnostics(stopped.diagnostics)  # those of the workspace are printed as soon as it is open
    except BaseException as error:  # noqa: BLE001 - the boundary: a bug must still end in words and a document
        result = _failed(error, log)
    result = more["complete"](result) if "complete" in more else result
    report = report_of(options.command, now(), result, source, diagnostics)
    signals.settle(report.conclusion.exit_code)
    report = publish(report, shown)
    code = report.conclusion.exit_code
    code = more["finish"](report, code) if "finish" in more else code
    if "github" in options.formats:
        code = publish_step_files(report, code, log)
    return code


def run_online(
    options: Options,
    operate: Callable[[Workspace, Context], Coroutine[Any, Any, Result]],
    *,
    open_: Callable[[], Workspace] | None = None,
    wait: float = 0.0,
    **more: Unpack[_More],
) -> ExitCode:
    """The same for an operation that uses the API, in the one event loop of the process. `wait` is in seconds."""

    def operate_in_loop(workspace: Workspace, log: Log) -> Result:
        import asyncio

        from reconciler.cli.progress import Progress
        from reconciler.engine.stop import Stop
        from reconciler.operations.context import Context
        from reconciler.operations.emulated import emulator_transport

        log.diagnostics(workspace.diagnostics)
        progress, stop = Progress(log, wait), Stop()
        context = Context(
            observer=progress,
            parallelism=options.parallelism,
            timeout=options.timeout,
            retries=options.retries,
            transport=emulator_transport(options.emulator, workspace, progress),
            stop=stop,
            run_blocking=lambda work: _run_blocking(work, stop),
        )
        with stderr.unwaited(), closing(progress), asyncio.Runner() as runner:
            return runner.run(_stoppable(context, partial(operate, workspace, context), log))

    with unread_stderr(lambda: signals.first is not None) as stderr:
        return run(options, open_ or (lambda: open_workspace(options)), operate_in_loop, **more)


def open_workspace(options: Options, saved: SavedPlan | None = None, *, keys: bool = True) -> Workspace:
    """The workspace that the options name, or the part of it that a saved plan is about. Raises Stopped."""
    from reconciler.operations.workspace import Workspace

    open_ = partial(Workspace.open, saved=saved) if keys else Workspace.open_without_keys
    return open_(options.inputs(), names=options.names, selectors=options.selectors, shard=options.shard)


async def _stoppable(context: Context, work: Callable[[], Coroutine[Any, Any, Result]], log: Log) -> Result:
    """Do the work. Raises Stopped when a signal ended it before there was a result."""
    import asyncio

    from reconciler.engine.stop import stoppable

    asyncio.get_running_loop().set_exception_handler(lambda _, what: log.say("call", f"asyncio: {what['message']}"))
    patience = "Finishing the current steps. Press Ctrl-C again to quit now."
    async with context:
        try:
            return await stoppable(work(), context.stop, signals.forwarded, partial(log.say, "info", patience))
        except asyncio.CancelledError:
            raise Stopped(interrupted(context.stop.requested or ExitCode.INTERRUPTED)) from None


async def _run_blocking(work: Callable[[], T], stop: Stop) -> T:
    """Run it right here. The loop is blocked meanwhile, so signals raise KeyboardInterrupt in the work itself."""
    try:
        with signals.raised():
            done = work()
    except KeyboardInterrupt:  # out of a task it would end the loop, and leave the tasks that wait for this one
        import asyncio

        stop.request(signals.first or ExitCode.INTERRUPTED)
        raise asyncio.CancelledError from None
    if signals.first is not None:  # where the work took it as its own end, or something swallowed it
        stop.request(signals.first)
    return done


def _failed(error: BaseException, log: Log) -> Failed:
    """What an exception amounts to that no operation expected."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return interrupted(signals.first or ExitCode.INTERRUPTED)
    if not isinstance(error, Exception):
        raise error
    if log.verbosity > 1 and not isinstance(error, BackendError):
        import traceback

        log.write("".join(traceback.format_exception(error)))
    return failure_of(error)
