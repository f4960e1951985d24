"""What commands share: from options to manifest, keys, backend and live state, and from any end to a document."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.failure import Failure, Interrupted
from reconciler.cli.log import Log
from reconciler.cli.output import Output, colours, now, would_replace
from reconciler.cli.signals import Terminated, listen
from reconciler.engine.stop import Stop
from reconciler.files import RefusedFile, check_output
from reconciler.model.backend import BackendError
from reconciler.model.diagnostics import Diagnostic, InvalidInput
from reconciler.model.document import Document, Source
from reconciler.model.environments import Credential, Environment, KeyFile, Manifest
from reconciler.model.exit_codes import ExitCode, worst
from reconciler.planning.digest import digest
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from reconciler.api.backend import Access, HttpBackend
    from reconciler.cli.options import Options
    from reconciler.manifest import Trust
    from reconciler.model.domains import Live
    from reconciler.model.plan import Plan

Result = TypeVar("Result")

DEFAULT_MANIFEST = "imgwire.yaml"
_SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


@dataclass
class Session:
    """One run of one command. What has been learned so far is kept, so that whatever happens can be told with it."""

    options: Options
    stop: Stop = field(default_factory=Stop)
    source: Source | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    listed: tuple[Environment, ...] = ()  # all of the manifest, also what the run leaves out
    keys: dict[str, Credential] = field(default_factory=dict, repr=False)
    approved: str | None = None  # the digest of the saved plan that is being applied
    told: Callable[[], Document] | None = None  # the report so far, once writes may have begun

    def __post_init__(self) -> None:
        self.log = Log(self.options.verbosity, self.options.log_format == "json")
        self.output = Output(self.options.command, self.options.format, self.options.reports, self.log)

    def manifest(self, files: Sequence[str] = ()) -> Manifest:
        """The manifest of `-f`, or of `files` where none was given. Raises InvalidInput."""
        from reconciler.manifest import load

        self.keep_apart()
        loaded = load(self.options.files or files, trust=self.trust)
        self.diagnostics = loaded.warnings if self.options.command != "validate" else loaded.warnings + loaded.advice
        self._tell(self.diagnostics)
        self.source = Source(
            loaded.manifest.files, self.api_url(loaded.manifest), self.options.names, self.options.selectors
        )
        self.listed = loaded.manifest.environments
        self.keep_apart()
        return loaded.manifest

    def selected(self, manifest: Manifest) -> tuple[Environment, ...]:
        """The environments that `--env` and `--selector` leave. Raises InvalidInput."""
        from reconciler.manifest.selection import select

        try:
            return select(manifest, self.options.names, self.options.selectors)
        except ValueError as error:
            raise Failure(ExitCode.USAGE, "usage", str(error)) from None

    @property
    def trust(self) -> Trust:
        from reconciler.manifest import Trust

        return Trust(frozenset(self.options.key_variables), self.options.allow_http)

    @property
    def narrowed(self) -> bool:
        return bool(self.options.names or self.options.selectors)

    def api_url(self, manifest: Manifest) -> str:
        """`--api-url`, then IMGWIRE_API_BASE_URL, then `api.base_url`, then the default. Raises Failure."""
        from reconciler.manifest.base_url import InsecureUrl, choose

        if self.options.emulator is not None:
            return "http://emulator.localhost"
        try:
            return choose(self.options.api_url, os.environ, manifest.api_url, allow_http=self.options.allow_http)
        except InsecureUrl as error:
            hint = "use https, or add --allow-http (insecure-base-url)"
            raise Failure(ExitCode.USAGE, "insecure_base_url", str(error), hint) from None
        except ValueError as error:
            raise Failure(ExitCode.USAGE, "invalid_base_url", str(error)) from None

    def credentials(self, environments: Sequence[Environment]) -> dict[str, Credential]:
        """The keys that can be used. What is wrong with the others is kept as diagnostics; a key that another environment of
        the manifest has too is refused, whether that one is part of the run or not."""
        from reconciler.manifest.keys import resolve

        wanted = {environment.name for environment in environments}
        keys, told = resolve(self.listed or environments, os.environ, keys_file=self.options.keys_file)
        found = {name: key for name, key in keys.items() if name in wanted}
        problems = tuple(problem for problem in told if problem.environment in wanted)
        if self.options.emulator is not None:
            from reconciler.cli.emulated import stand_ins

            found, problems = stand_ins(environments, found, problems)
        self.diagnostics = (*self.diagnostics, *problems)
        self._tell(problems)
        shared = [problem for problem in problems if problem.code == "shared-key"]
        if shared:
            raise Failure(ExitCode.REFUSED, "shared_key", shared[0].message, shared[0].hint)
        self.keys = found
        return found

    def backend(
        self,
        environments: Sequence[Environment],
        credentials: dict[str, Credential],
        access: Access,
        max_wait: float = 120.0,
    ) -> HttpBackend:
        """The way to the API, or to the emulator inside the process, for the calls that `access` names. A read waits at most
        `max_wait` seconds between its attempts, all pauses together."""
        from reconciler.api.backend import HttpBackend, HttpSettings
        from reconciler.api.retry import RetryPolicy

        transport = None
        if self.options.emulator is not None:
            from reconciler.cli.emulated import transport_for

            transport = transport_for(self.options.emulator, environments, credentials)
        assert self.source is not None  # noqa: S101 - a manifest was loaded first
        settings = HttpSettings(
            self.source.api_url,
            access,
            self.options.parallelism,
            self.options.timeout,
            RetryPolicy(self.options.retries, budget=max_wait),
            transport,
            self.log.say,
        )
        return HttpBackend(credentials, settings)

    def read(self, environments: Sequence[Environment], backend: HttpBackend) -> dict[str, Live]:
        """What is live in each of them, with progress on a terminal."""
        from reconciler.cli.progress import Following, counting
        from reconciler.engine.refresh import read_all

        names = [environment.name for environment in environments]
        with counting("Reading", len(names), self.log) as advance:
            return self.run(read_all(names, backend, self.options.parallelism, Following(on_read=lambda *_: advance())))

    def plan(self, environments: Sequence[Environment], live: dict[str, Live]) -> Plan:
        assert self.source is not None  # noqa: S101 - a manifest was loaded first
        return build_plan(environments, live, self.source.api_url)

    def _tell(self, problems: Sequence[Diagnostic]) -> None:
        if problems:
            from reconciler.render.diagnostics import render_text

            self.log.show(render_text(problems, colour=colours(sys.stderr)))

    def keep_apart(self, *outputs: str | None, inputs: Sequence[str] = ()) -> None:
        """Raises Failure where one of the outputs or reports would take the place of something that is read, or of another
        output. Nothing is written then."""
        written = [*(path for _, path in self.options.reports), *(path for path in outputs if path is not None)]
        read = [*inputs, *(self.options.files or (DEFAULT_MANIFEST,)), *self._read_besides()]
        for place, path in enumerate(written):
            clash = next((other for other in read if would_replace(path, other)), None)
            clash = clash or next((other for other in written[:place] if would_replace(path, other)), None)
            if path == "-" or clash is not None:
                self.output = replace(self.output, reports=())
                said = f"{path} would overwrite {clash}" if clash else "`-` is no file to write to"
                hint = "give it a path of its own" if clash else "standard output carries what --format says"
                raise Failure(ExitCode.USAGE, "usage", said, hint)
            self._check_output(path)

    def _check_output(self, path: str) -> None:
        try:
            check_output(path)
        except RefusedFile as error:
            self.output = replace(self.output, reports=())
            hint = "name a regular file, /dev/null or an open descriptor such as /dev/stdout"
            raise Failure(ExitCode.USAGE, "usage", f"cannot write to {path}: {error.strerror}", hint) from None

    def _read_besides(self) -> Iterator[str]:
        """The files behind folders, keys and the emulator, as far as they are known."""
        if self.source is not None:
            yield from (file.path for file in self.source.files)
        yield from (item.key.path for item in self.listed if isinstance(item.key, KeyFile))
        if self.options.keys_file is not None:
            yield self.options.keys_file
        if self.options.emulator is not None:
            yield from (self.options.emulator, f"{self.options.emulator}.journal")

    def run(self, main: Coroutine[Any, Any, Result]) -> Result:
        """Run it until it ends or a signal asks to stop. Raises Interrupted when it was cut off."""
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            task = loop.create_task(main)

            def asked(code: ExitCode) -> None:
                again = self.stop.requested is not None
                self.stop.request(code)
                if self.stop.patient and not again:
                    self.log.say(
                        "info", "Stopping: no new step starts, what is half done is finished. Again to end at once."
                    )
                else:
                    task.cancel()

            for number, code in _SIGNALS.items():
                loop.add_signal_handler(number, asked, code)
            try:
                return loop.run_until_complete(task)
            except asyncio.CancelledError:
                raise Interrupted(self.stop.requested or ExitCode.INTERRUPTED) from None
            finally:
                for number in _SIGNALS:
                    loop.remove_signal_handler(number)
                listen()

    def document(self, code: ExitCode, reason: str | None = None, **more: Any) -> Document:
        """The document of this run, with everything learned so far."""
        plan = more.get("plan")
        values = {
            "outcome": code.outcome,
            "source": self.source,
            "diagnostics": self.diagnostics,
            "digest": self.approved or (digest(plan) if plan else None),
            **more,
        }
        return Document(command=self.options.command, created_at=now(), exit_code=code, reason=reason, **values)

    def interrupted(self, code: ExitCode) -> Document:
        """The document of a run that a signal ended."""
        self.stop.request(code)
        if self.told is not None:
            return self.told()
        # What verify has asked Imgwire to check by then is no change, but it was sent.
        told = "interrupted" if self.options.command == "verify" else "interrupted before anything was written"
        return self.document(code, "interrupted", message=told)


def conduct(options: Options, body: Callable[[Session], Document]) -> ExitCode:
    """Run a command's body and publish its document, or the one that tells why there is none."""
    session = Session(options)
    try:
        document = body(session)
    except InvalidInput as error:
        session.diagnostics = error.diagnostics
        document = session.document(ExitCode.DATA, "invalid_manifest")
    except Failure as error:
        told = {"message": error.message, "hint": error.hint, "plan": error.plan, "blocks": error.blocks}
        document = session.document(error.exit_code, error.reason, **told)
    except Interrupted as error:
        document = session.interrupted(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        document = session.interrupted(ExitCode.TERMINATED if isinstance(error, Terminated) else ExitCode.INTERRUPTED)
    except BackendError as error:
        document = session.document(error.exit_code, error.kind, message=error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - the boundary: a defect of ours must still end in words and a document
        if options.verbosity > 1:
            import traceback

            session.log.write(traceback.format_exc())
        so_far = session.told() if session.told else session.document(ExitCode.ERROR)
        code = worst([ExitCode.ERROR, so_far.exit_code])
        document = replace(
            so_far,
            exit_code=code,
            outcome=code.outcome,
            reason="internal_error",
            message=f"internal error: {type(error).__name__}",
            hint="this is a defect of the tool: run it again with -vv and report what it prints",
        )
    return session.output.publish(document)
