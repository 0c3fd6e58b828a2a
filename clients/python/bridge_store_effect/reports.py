"""This module gets the report of an execution, also from the failure that one ends with."""

from typing import Any

from pydantic import Field
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError, TerminatedError

from .errors import ExecutionError, RefusedError, RequestConflictError
from .models import IntentsReport


class EmittedListReport(IntentsReport):
    """The report of a list that went by way of the intake."""

    event_id: str
    """The event id of the list, as it was asked for."""
    correlation_id: str
    """What the list belongs to."""
    error: str | None = None
    """Why the whole list was rejected; None where it was executed."""
    rerun_at: str | None = Field(default=None)
    """When the list was emitted for this run; None for its first run."""


async def report_in(handle: WorkflowHandle[Any, Any], error: WorkflowFailureError) -> IntentsReport:
    """Return the report of an execution that failed or was cancelled. Raise ExecutionError where it has none."""
    cause = error.cause
    if isinstance(cause, CancelledError):
        # Temporal keeps no details of a cancellation: the workflow itself is asked.
        try:
            report = await handle.query("report")
        except Exception as failed:
            message = f"{handle.id}: was cancelled, and no worker is there to ask for its report"
            raise ExecutionError(handle.id, message) from failed
        if report is not None:
            return IntentsReport.model_validate(report)
    if isinstance(cause, ApplicationError):
        if cause.type == "InvalidInput":
            raise RefusedError(handle.id, cause.message) from error
        if cause.type == "RequestConflict":
            raise RequestConflictError(handle.id) from error
        if cause.type == "FailFast" and cause.details:
            return IntentsReport.model_validate(cause.details[0])
    ending = "was terminated" if isinstance(cause, TerminatedError) else str(error)
    raise ExecutionError(handle.id, f"{handle.id}: {ending}: {cause}") from error
