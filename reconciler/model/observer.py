"""The port through which a run reports what happens while it happens: to a progress bar, a log or a receipt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.domains import Live
    from reconciler.model.report import Restore, StepResult, Verified
    from reconciler.model.results import ApplyResult
    from reconciler.model.steps import Step, Write


class Phase(StrEnum):
    """What a run is doing."""

    READING = "reading"
    APPLYING = "applying"
    VERIFYING = "verifying"
    IDLE = "idle"  # nothing that has a count


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """One answer (`kind` "call"), or a failed read that is sent again (`kind` "retry").

    `attempt` counts from 1. `duration` is in seconds: of the request, or of the pause before the next one. `status` is the HTTP
    status, None without an answer.
    """

    kind: str
    environment: str
    method: str
    path: str
    attempt: int
    duration: float
    status: int | None
    message: str = ""

    @property
    def text(self) -> str:
        """The event in one line."""
        if self.kind == "retry":
            return f"{self.environment}: {self.message}; retry in {self.duration:.1f} s"
        return f"{self.environment}: {self.method} {self.path}: {self.status}"


class Observer(Protocol):
    """Calls are synchronous and must not raise: the run waits for each of them before it goes on."""

    def on_phase(self, phase: Phase, total: int) -> None:
        """A phase begins, of `total` environments or steps. It ends when the next one begins."""
        ...

    def on_read(self, environment: str, live: Live) -> None:
        """An environment was read before planning or verifying."""
        ...

    def on_steps(self, steps: Sequence[Step]) -> None:
        """These steps are about to run."""
        ...

    def on_step_start(self, step: Step) -> None:
        """A step starts."""
        ...

    def on_send(self, step: Write) -> None:
        """The request of a create or a delete is sent right after this call."""
        ...

    def on_step(self, step: Step, result: StepResult) -> None:
        """A step ended. The next step of its lane starts afterwards. A later call for the same step corrects an earlier one."""
        ...

    def on_restore_send(self, environment: str, hostname: str) -> None:
        """The request that restores the hostname is sent right after this call."""
        ...

    def on_restore(self, restore: Restore) -> None:
        """A hostname was restored after a failed replace or move, or could not be."""
        ...

    def on_applied(self, result: ApplyResult) -> None:
        """All steps ended, and waiting for readiness begins."""
        ...

    def on_verdict(self, verified: Verified) -> None:
        """An environment was verified in one round of waiting."""
        ...

    def on_request(self, request: RequestEvent) -> None:
        """A request was answered (`call`) or will be retried (`retry`). No field contains a key."""
        ...

    def on_notice(self, level: str, text: str) -> None:
        """Something to log. `level` is `info`, `warning` or `error`."""
        ...


class NullObserver:
    """Ignores everything. Subclass it to observe only some events."""

    def on_phase(self, phase: Phase, total: int) -> None:
        pass

    def on_read(self, environment: str, live: Live) -> None:
        pass

    def on_steps(self, steps: Sequence[Step]) -> None:
        pass

    def on_step_start(self, step: Step) -> None:
        pass

    def on_send(self, step: Write) -> None:
        pass

    def on_step(self, step: Step, result: StepResult) -> None:
        pass

    def on_restore_send(self, environment: str, hostname: str) -> None:
        pass

    def on_restore(self, restore: Restore) -> None:
        pass

    def on_applied(self, result: ApplyResult) -> None:
        pass

    def on_verdict(self, verified: Verified) -> None:
        pass

    def on_request(self, request: RequestEvent) -> None:
        pass

    def on_notice(self, level: str, text: str) -> None:
        pass


class Observers:
    """Several observers as one. They are called in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def on_phase(self, phase: Phase, total: int) -> None:
        for observer in self._observers:
            observer.on_phase(phase, total)

    def on_read(self, environment: str, live: Live) -> None:
        for observer in self._observers:
            observer.on_read(environment, live)

    def on_steps(self, steps: Sequence[Step]) -> None:
        for observer in self._observers:
            observer.on_steps(steps)

    def on_step_start(self, step: Step) -> None:
        for observer in self._observers:
            observer.on_step_start(step)

    def on_send(self, step: Write) -> None:
        for observer in self._observers:
            observer.on_send(step)

    def on_step(self, step: Step, result: StepResult) -> None:
        for observer in self._observers:
            observer.on_step(step, result)

    def on_restore_send(self, environment: str, hostname: str) -> None:
        for observer in self._observers:
            observer.on_restore_send(environment, hostname)

    def on_restore(self, restore: Restore) -> None:
        for observer in self._observers:
            observer.on_restore(restore)

    def on_applied(self, result: ApplyResult) -> None:
        for observer in self._observers:
            observer.on_applied(result)

    def on_verdict(self, verified: Verified) -> None:
        for observer in self._observers:
            observer.on_verdict(verified)

    def on_request(self, request: RequestEvent) -> None:
        for observer in self._observers:
            observer.on_request(request)

    def on_notice(self, level: str, text: str) -> None:
        for observer in self._observers:
            observer.on_notice(level, text)
