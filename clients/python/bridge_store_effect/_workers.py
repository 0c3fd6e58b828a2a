"""This module waits for the end of an execution, as long as there are workers to execute it."""

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.enums.v1 import PendingWorkflowTaskState
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from .errors import NoWorkerError

#: Seconds before the first look. Most lists have ended by then, and cost no question.
FIRST_LOOK = 5.0
#: The shortest pause between the looks after it.
PAUSE = 0.25

T = TypeVar("T")


@dataclass(frozen=True)
class _Look:
    task_queue: str
    #: When a worker last polled the queue; None when the server knows of no poll.
    last_poll: int | None
    #: When the workflow task was queued that waits for a worker; None when none waits.
    queued_at: int | None


async def while_workers_poll(
    client: Client, handle: WorkflowHandle[Any, Any], seconds: float, result: Coroutine[Any, Any, T]
) -> T:
    """Wait for a result. Raise NoWorkerError when two looks find the same task queued, and nobody polled meanwhile."""
    waiting = asyncio.ensure_future(result)
    first = min(FIRST_LOOK, seconds / 2)
    pause: float | None = None if math.isinf(seconds) else first
    before: _Look | None = None
    try:
        while True:
            await asyncio.wait({waiting}, timeout=pause)
            if waiting.done():
                return waiting.result()
            now = await _look(client, handle)
            if now is not None and now.queued_at is not None and now == before:
                raise NoWorkerError(handle.id, now.task_queue, seconds)
            before = now
            pause = max(PAUSE, seconds - first)
    finally:
        waiting.cancel()


async def _look(client: Client, handle: WorkflowHandle[Any, Any]) -> _Look | None:
    """Return None where the server does not answer this question: the list may be executed all the same."""
    try:
        description = await handle.describe(rpc_timeout=timedelta(seconds=5))
        task = description.raw_description.pending_workflow_task
        queue = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=description.task_queue)),
            timeout=timedelta(seconds=5),
        )
    except RPCError:
        return None
    queued = task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
    polls = [poller.last_access_time.ToNanoseconds() for poller in queue.pollers]
    return _Look(
        task_queue=description.task_queue,
        last_poll=max(polls, default=None),
        queued_at=task.scheduled_time.ToNanoseconds() if queued else None,
    )
