"""The errors of the client. A list that failed is no error: its report says so."""


class RequestError(ValueError):
    """The request cannot be sent as it is. The message names the field; nothing was sent."""


class LimitError(ValueError):
    """The list is over a limit. Nothing was sent."""


class RequestConflictError(Exception):
    """Another list has used the request id, so this one would look like its repeat."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"request_id: {request_id} has been used for another list of intents; use a new one")
        self.request_id = request_id


class ExecutionError(Exception):
    """An execution ended without a report: it was terminated, timed out, or was refused."""

    def __init__(self, workflow_id: str, message: str) -> None:
        super().__init__(message)
        self.workflow_id = workflow_id


class RefusedError(ExecutionError):
    """The workers refused a list as a whole, for example over 32 priorities."""


class NoWorkerError(Exception):
    """No worker has taken a started list in time. The list stays queued until one does."""

    def __init__(self, workflow_id: str, task_queue: str, seconds: float) -> None:
        super().__init__(
            f"{workflow_id}: no worker of the task queue {task_queue} took the list within {seconds:g} s; "
            "it stays queued until one does"
        )
        self.workflow_id = workflow_id
        self.task_queue = task_queue


class EmitError(Exception):
    """No broker has confirmed the list; it may be stored.

    Emit it again with the error's request id: the same list under the same request id is the same event.
    """

    def __init__(self, request_id: str, event_id: str, message: str) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.event_id = event_id


class ResultTimeoutError(Exception):
    """No verdict of an emitted list was found in time; it may still come. The cause says why, where asking failed."""

    def __init__(self, event_id: str, seconds: float, cause: BaseException | None) -> None:
        reason = "" if cause is None else f"; the service could not be asked: {cause}"
        super().__init__(f"{event_id}: no result within {seconds:g} s; it may still come{reason}")
        self.event_id = event_id


class ClosedError(Exception):
    """The client was closed before a list was emitted, or before its verdict came; the verdict may still come."""

    def __init__(self, event_id: str, message: str) -> None:
        super().__init__(f"{event_id}: the client was closed before {message}")
        self.event_id = event_id
