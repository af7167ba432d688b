"""What can go wrong, each with the HTTP status it becomes."""


class AppError(Exception):
    status = 500


class Invalid(AppError):
    """The request itself cannot be right."""

    status = 422

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


class Conflict(AppError):
    """The same id was used before for something else."""

    status = 409


class Missing(AppError):
    """There is no such row."""

    status = 404


class Unavailable(AppError):
    """The database did not answer in time; the same request may be sent again."""

    status = 503
