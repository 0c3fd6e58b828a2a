"""The client hands lists of intents to bridge-store-effect, and gets their reports back."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from uuid import UUID

import rfc8785
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import (
    RawValue,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDReusePolicy,
)
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError

from ._emitter import EmittedList, Emitter, Kafka
from ._request import Request, read_request
from ._values import shown
from ._verdicts import Verdicts
from ._workers import while_workers_poll
from .errors import RequestConflictError, RequestError
from .models import Intent, IntentsReport
from .reports import EmittedListReport, report_in

OUTCOME = SearchAttributeKey.for_keyword("IntentOutcome")
CORRELATION_ID = SearchAttributeKey.for_keyword("CorrelationId")


@dataclass(frozen=True)
class StartedExecution:
    """A started list. `started` is false when its request id runs, or has ended as `completed`."""

    workflow_id: str
    request_id: str
    started: bool


class StoreEffectClient:
    """Share one client in a process: its callers share connections, and the questions of `await_result`."""

    def __init__(
        self,
        temporal: Client,
        task_queue: str = "bridge-store-effect",
        *,
        kafka: Kafka | None = None,
        worker_timeout: float = 120.0,
    ) -> None:
        self._temporal = temporal
        self._task_queue = task_queue
        self._worker_timeout = worker_timeout
        self._emitter = None if kafka is None else Emitter(kafka)
        self._verdicts = Verdicts(temporal, task_queue)

    @classmethod
    async def connect(
        cls,
        address: str | None = None,
        *,
        task_queue: str | None = None,
        kafka: Kafka | None = None,
        worker_timeout: float = 120.0,
        profile: str | None = None,
        **temporal: Any,
    ) -> "StoreEffectClient":
        """Connect to Temporal.

        What is not given is taken from Temporal's environment variables and profile.

        Args:
            address: host:port of Temporal; default TEMPORAL_ADDRESS, else localhost:7233.
            task_queue: the name that the workers poll; default TEMPORAL_TASK_QUEUE, else bridge-store-effect.
            kafka: the brokers, for `emit_intents` only.
            worker_timeout: seconds that a started list may wait for a worker; math.inf waits for ever.
            profile: the profile of Temporal's configuration file.
            temporal: parameters of temporalio's Client.connect, such as namespace, tls, api_key, data_converter.
        """
        config: dict[str, Any] = {"target_host": "localhost:7233"}
        config.update(ClientConfig.load_client_connect_config(profile=profile))
        config.update(temporal)
        if address is not None:
            config["target_host"] = address
        queue = task_queue or os.environ.get("TEMPORAL_TASK_QUEUE") or "bridge-store-effect"
        return cls(await Client.connect(**config), queue, kafka=kafka, worker_timeout=worker_timeout)

    async def __aenter__(self) -> "StoreEffectClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to Kafka. Who waits in `await_result`, or emits afterwards, gets a ClosedError."""
        await self._verdicts.close()
        if self._emitter is not None:
            await self._emitter.close()

    async def execute_intents(
        self,
        intents: Sequence[Intent | dict[str, Any]],
        *,
        request_id: str | None = None,
        correlation_id: str | None = None,
        fail_fast_priority: int | None = None,
        derived_events: str | None = None,
    ) -> IntentsReport:
        """Start a list and wait for its report, which a list that failed fast or was cancelled has too.

        Raises:
            RequestError, LimitError: before anything is sent, naming the field.
            RequestConflictError: another list has the request id.
            RefusedError, ExecutionError: the execution ended without a report.
            NoWorkerError: no worker took the list within `worker_timeout`; it stays queued.
        """
        request = read_request(intents, request_id, correlation_id, fail_fast_priority, derived_events)
        return await self.result((await self._start(request)).workflow_id)

    async def start(
        self,
        intents: Sequence[Intent | dict[str, Any]],
        *,
        request_id: str | None = None,
        correlation_id: str | None = None,
        fail_fast_priority: int | None = None,
        derived_events: str | None = None,
    ) -> StartedExecution:
        """Start a list. The request id of an execution that runs or has completed gives that one."""
        return await self._start(
            read_request(intents, request_id, correlation_id, fail_fast_priority, derived_events)
        )

    async def result(self, workflow_id: str) -> IntentsReport:
        """Wait for the report of a started list, as long as there are workers for it."""
        handle = self._temporal.get_workflow_handle(workflow_id)
        try:
            report = await while_workers_poll(self._temporal, handle, self._worker_timeout, handle.result())
        except WorkflowFailureError as error:
            return await report_in(handle, error)
        return IntentsReport.model_validate(report)

    async def cancel(self, workflow_id: str) -> None:
        """Ask a list to stop after the batch that runs; its report says what ran."""
        await self._temporal.get_workflow_handle(workflow_id).cancel()

    async def emit_intents(
        self,
        intents: Sequence[Intent | dict[str, Any]],
        *,
        request_id: str | None = None,
        correlation_id: str | None = None,
        fail_fast_priority: int | None = None,
        derived_events: str | None = None,
    ) -> EmittedList:
        """Put a list on the INTENT_EMITTED topic. The same list under the same request id is the same event.

        Raises:
            RequestError, LimitError: before anything is sent, naming the field.
            EmitError: no broker has confirmed it, and it may be stored; emit it again with the error's request id.
            ClosedError: the client is closed.
        """
        if self._emitter is None:
            raise TypeError("kafka: expected the brokers to emit to, got None; they are a parameter of connect()")
        return await self._emitter.emit(
            read_request(intents, request_id, correlation_id, fail_fast_priority, derived_events)
        )

    async def await_result(
        self, event_id: str | UUID, *, timeout: float = 300.0, after: EmittedListReport | None = None
    ) -> EmittedListReport:
        """Wait for the verdict of an emitted list. It asks the service, so it needs no brokers.

        Args:
            event_id: of `emit_intents`, or of whatever envelope.
            timeout: seconds. However short, the service is asked once, for five seconds at most.
            after: the report of an earlier run, to wait for that of a later one.

        Raises:
            ResultTimeoutError: there is no verdict yet; ask again with the same event id.
            ClosedError: the client was closed; the verdict may still come.
        """
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or math.isnan(timeout):
            raise TypeError(f"timeout: expected a number of seconds, got {shown(timeout)}")
        name = str(event_id)
        try:
            key = str(UUID(name))
        except ValueError:
            raise RequestError(f"event_id: expected a UUID, got {shown(event_id)}") from None
        known = None if after is None else after.rerun_at
        verdict = await self._verdicts.result(key, timeout, known, is_rerun=after is not None)
        own = {"correlation_id": name} if verdict["correlation_id"].lower() == key else {}
        return EmittedListReport.model_validate({**verdict, "event_id": name, **own})

    async def _start(self, request: Request) -> StartedExecution:
        name = request.request_id
        started = await self._begin(request, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)
        if not started:
            description = await self._temporal.get_workflow_handle(name).describe()
            if (await description.memo()).get("request_sha256") != request.sha256:
                raise RequestConflictError(name)
            # To Temporal an execution with a partial report has completed. Its attribute says otherwise.
            if description.typed_search_attributes.get(OUTCOME) == "partial":
                started = await self._begin(request, WorkflowIDReusePolicy.ALLOW_DUPLICATE)
        return StartedExecution(workflow_id=name, request_id=name, started=started)

    async def _begin(self, request: Request, policy: WorkflowIDReusePolicy) -> bool:
        try:
            await self._temporal.start_workflow(
                "ExecuteIntentsWorkflow",
                _input_of(request),
                id=request.request_id,
                task_queue=self._task_queue,
                id_reuse_policy=policy,
                memo={"request_sha256": request.sha256, **({"fresh": True} if request.fresh else {})},
                search_attributes=TypedSearchAttributes(
                    [
                        SearchAttributePair(OUTCOME, "running"),
                        SearchAttributePair(CORRELATION_ID, request.correlation_id or request.request_id),
                    ]
                ),
                static_summary=request.summary,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True


def _input_of(request: Request) -> RawValue:
    """Return the input in the bytes that the limit counts, for a codec to encode. JSON of Python has six for an é."""
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=rfc8785.dumps(request.input)))


async def execute_intents(intents: Sequence[Intent | dict[str, Any]], **options: Any) -> IntentsReport:
    """Execute one list over a connection of its own, with the options of the method of this name."""
    async with await StoreEffectClient.connect() as client:
        return await client.execute_intents(intents, **options)
