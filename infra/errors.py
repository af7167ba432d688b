"""The one tree of errors.

PipelineError            every error that this product raises on purpose; has a message and a hint
├── BadInput             what the user gave cannot be right; raised before anything is touched
├── Unreachable          no answer came (refused, reset, timed out): safe calls may be repeated
├── Rejected             the other side answered no: never repeated
│   └── CommandFailed    an external command ended with a code other than 0
└── Unknown              we cannot tell whether it happened: read the truth back before anything else
"""

from __future__ import annotations


class PipelineError(Exception):
    """What was asked, what came back, the numbers; `hint` is the next action for a person."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders (results, workers): rebuild from fields, not from the joined text.
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[PipelineError], fields: dict[str, object]) -> PipelineError:
    error = kind.__new__(kind)
    error.__dict__.update(fields)
    error.args = (fields.get("message", ""),)
    return error


class BadInput(PipelineError):
    """A value that cannot be right. `field` names it (a path such as `canary.weights`)."""

    def __init__(self, field: str, problem: str, fix: str) -> None:
        super().__init__(f"{field}: {problem}", fix)
        self.field = field


class Unreachable(PipelineError):
    """Silence: nothing was heard, so nothing is known to have happened."""


class Rejected(PipelineError):
    """The other side understood and said no."""


class CommandFailed(Rejected):
    """An external command ended badly. `code` is its exit code, `tail` the end of what it printed."""

    def __init__(self, command: str, code: int, tail: str, hint: str = "") -> None:
        super().__init__(f"`{command}` exited {code}: {tail.strip() or 'it printed nothing'}", hint)
        self.command = command
        self.code = code
        self.tail = tail


class Unknown(PipelineError):
    """The answer was lost after the question was sent: it may have happened."""
