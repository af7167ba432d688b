"""Shows how far a canary step is as an artifact in the Prefect UI, without ever making the ramp wait for Prefect."""

from __future__ import annotations

import contextvars
import queue
import threading
from types import TracebackType
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from infra.commands import Say

CLOSE_SECONDS = 3.0


class Progress:
    """`with Progress(key, say) as progress: progress.show(40, "v2 at 5 %")`. What Prefect is too slow for is left out.

    When Prefect does not take it, the reason is said once and the ramp goes on.
    """

    def __init__(self, key: str, say: Say) -> None:
        self._key = key
        self._say = say
        self._newest: queue.Queue[tuple[float, str] | None] = queue.Queue(1)
        context = contextvars.copy_context()  # the artifact belongs to the task run that we are in
        self._thread = threading.Thread(target=lambda: context.run(self._keep_showing), name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put(None)
        self._thread.join(0 if error else CLOSE_SECONDS)

    def show(self, percent: float, description: str) -> None:
        """The newest counts; one that was not shown yet is replaced."""
        self._put((percent, description))

    def _put(self, item: tuple[float, str] | None) -> None:
        while True:
            try:
                return self._newest.put_nowait(item)
            except queue.Full:
                self._forget_one()

    def _forget_one(self) -> None:
        try:
            waiting = self._newest.get_nowait()
        except queue.Empty:
            return  # the other thread took it meanwhile
        if waiting is None:
            raise RuntimeError("progress is shown after its end")

    def _keep_showing(self) -> None:
        artifact: UUID | None = None
        while (item := self._newest.get()) is not None:
            percent, description = item
            try:
                if artifact is None:
                    artifact = cast(UUID, create_progress_artifact(percent, self._key, description))
                else:
                    update_progress_artifact(artifact, percent, description)
            except Exception as error:  # noqa: BLE001 - whatever Prefect suffers from, the visitors come first
                self._say(f"the progress is not shown in Prefect: {type(error).__name__}: {error}")
                return
