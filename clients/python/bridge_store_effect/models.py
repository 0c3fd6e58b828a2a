"""The models of the contract, generated from contract/schemas by `npm run docs`: do not edit them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ._sent import Sent


class AggregatedData(Sent):
    """The aggregate of one namespace. Further fields are kept as metadata of the row, too."""

    model_config = ConfigDict(extra="allow")

    total_stamps: Annotated[int, Field(strict=True, ge=0, le=9007199254740991)] | None = None
    """How many items were aggregated. It is added to `total_items_aggregated`."""
    total_size_bytes: Annotated[int, Field(strict=True, ge=0, le=9007199254740991)] | None = None
    """How many bytes they had together. Kept as metadata of the row."""
    unique_file_types_count: Annotated[int, Field(strict=True, ge=0, le=9007199254740991)] | None = None
    """How many file types they had. Kept as metadata."""
    file_types: list[Annotated[str, Field(max_length=32767)]] | None = None
    """The file types themselves. Kept as metadata."""
    unique_workflows_count: Annotated[int, Field(strict=True, ge=0, le=9007199254740991)] | None = None
    """How many workflows they belong to. It is added to `total_workflows_processed`."""
    workflow_ids: list[Annotated[str, Field(max_length=32767)]] | None = None
    """The workflows themselves. Kept as metadata."""


class PersistStatePayload(Sent):
    """Adds aggregated counts to one `bridge_states` row per namespace. Further fields are ignored."""

    model_config = ConfigDict(extra="allow")

    aggregated_data: dict[Annotated[str, Field(min_length=1, max_length=255)], AggregatedData]
    """The aggregates by namespace, at least one. A namespace has 1 to 255 characters."""
    fsm_states: dict[Annotated[str, Field(max_length=32767)], Annotated[str, Field(min_length=1, max_length=50)]] | None = None
    """
    The states of workflows by their ids. The most common one becomes the `current_fsm_state` of each
    row.
    """
    aggregation_id: UUID
    """The id of the bridge. It becomes `bridge_id`, in lower case."""
    timestamp: datetime | str | None = None
    """
    When the aggregation ran. The newest aggregation decides about metadata and state; none counts as
    oldest.
    """


class PersistStateIntent(Sent):
    """An intent of type PersistState; its default priority is 1."""

    model_config = ConfigDict(extra="allow")

    intent_type: Literal["PersistState"] = "PersistState"
    """The type of the intent."""
    target: Literal["store_effect"] = "store_effect"
    """The target of the type."""
    payload: PersistStatePayload
    """Adds aggregated counts to one `bridge_states` row per namespace. Further fields are ignored."""
    priority: Annotated[int, Field(strict=True, ge=-9007199254740991, le=9007199254740991)] | None = None
    """Higher runs earlier. Default: the priority of the type. A list may have 32 distinct ones."""
    intent_id: UUID | None = None
    """The id by which a repeat is recognised. Default: derived from request id, index and content."""


class TransitionRecord(Sent):
    """Further fields are kept with it."""

    model_config = ConfigDict(extra="allow")

    from_state: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    """The state before, if `previous_state` names none."""
    to_state: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    """The state after. It is kept, but `current_state` decides."""
    trigger: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """What caused the transition. It becomes `transition_event`, `unknown` without one."""
    timestamp: datetime | str | None = None
    """When the transition happened. It comes before the payload's `timestamp`."""
    metadata: dict[str, Any] | None = None
    """Further data. The payload's `metadata` wins where both have a key."""


class PersistFSMTransitionPayload(Sent):
    """
    Appends one row to `fsm_transitions`, and moves the `fsm_states` row of the workflow forward.
    Further fields are ignored. A transition with the count, the states and the time of a stored one is
    a duplicate. The current transition is one under a newer time, too. A restart is a lower count with
    a later time, or the current count with a later time and other states. It begins an epoch.
    """

    model_config = ConfigDict(extra="allow")

    workflow_id: UUID
    """The id of the workflow. It becomes `entity_id`, in lower case."""
    current_state: Annotated[str, Field(min_length=1, max_length=50)]
    """The state after the transition."""
    previous_state: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    """The state before it; none for the first transition."""
    transition_count: Annotated[int, Field(strict=True, ge=0, le=9007199254740991)] | None = None
    """The number of the transition in its workflow, from 1. Without it the stored count plus one is taken."""
    transition_record: TransitionRecord | None = None
    """The transition as the reducer recorded it. It is kept whole."""
    transition_history: list[TransitionRecord] | None = None
    """Earlier transitions. They are checked and not stored, because they have rows already."""
    metadata: dict[str, Any] | None = None
    """Data kept with the transition and the state. A recovery can select states by its `namespace`."""
    timestamp: datetime | str | None = None
    """When the transition happened, if `transition_record` does not say so."""


class PersistFSMTransitionIntent(Sent):
    """An intent of type PersistFSMTransition; its default priority is 1."""

    model_config = ConfigDict(extra="allow")

    intent_type: Literal["PersistFSMTransition"] = "PersistFSMTransition"
    """The type of the intent."""
    target: Literal["store_effect"] = "store_effect"
    """The target of the type."""
    payload: PersistFSMTransitionPayload
    """
    Appends one row to `fsm_transitions`, and moves the `fsm_states` row of the workflow forward.
    Further fields are ignored. A transition with the count, the states and the time of a stored one is
    a duplicate. The current transition is one under a newer time, too. A restart is a lower count with
    a later time, or the current count with a later time and other states. It begins an epoch.
    """
    priority: Annotated[int, Field(strict=True, ge=-9007199254740991, le=9007199254740991)] | None = None
    """Higher runs earlier. Default: the priority of the type. A list may have 32 distinct ones."""
    intent_id: UUID | None = None
    """The id by which a repeat is recognised. Default: derived from request id, index and content."""


class PublishEventPayload(Sent):
    """
    Publishes the whole payload in an envelope, on the topic of its event type. Further fields are
    yours.
    """

    model_config = ConfigDict(extra="allow")

    event_type: Literal[
        "AGGREGATION_STARTED",
        "BATCH_PROCESSED",
        "STATE_PERSISTED",
        "AGGREGATION_COMPLETED",
        "AGGREGATION_FAILED",
        "FSM_STATE_INITIALIZED",
        "FSM_STATE_TRANSITIONED",
        "NODE_INTROSPECTION",
        "REGISTRY_REQUEST_INTROSPECTION",
        "NODE_HEARTBEAT",
        "OPERATION_FAILED",
    ]
    """The type of the event. It decides the topic."""
    aggregation_id: Annotated[str, Field(min_length=1, max_length=32767)] | None = None
    """The id of the aggregation that the event is about. It is the `correlation_id` if there is no other."""
    correlation_id: Annotated[str, Field(min_length=1, max_length=32767)] | None = None
    """The `correlation_id` of the envelope. Default: `aggregation_id`, else the list's."""
    causation_id: Annotated[str, Field(min_length=1, max_length=32767)] | None = None
    """The `causation_id` of the envelope. Default: the intent's id."""
    source_node_id: Annotated[str, Field(min_length=1, max_length=32767)] | None = None
    """The `source_node_id` of the envelope. Default: the worker's `SERVICE_INSTANCE`."""
    partition_key: Annotated[str, Field(min_length=1, max_length=32767)] | None = None
    """The key of the message. Default: `correlation_id` of the envelope, else its `source_node_id`."""


class PublishEventIntent(Sent):
    """An intent of type PublishEvent; its default priority is 0."""

    model_config = ConfigDict(extra="allow")

    intent_type: Literal["PublishEvent"] = "PublishEvent"
    """The type of the intent."""
    target: Literal["event_bus"] = "event_bus"
    """The target of the type."""
    payload: PublishEventPayload
    """
    Publishes the whole payload in an envelope, on the topic of its event type. Further fields are
    yours.
    """
    priority: Annotated[int, Field(strict=True, ge=-9007199254740991, le=9007199254740991)] | None = None
    """Higher runs earlier. Default: the priority of the type. A list may have 32 distinct ones."""
    intent_id: UUID | None = None
    """The id by which a repeat is recognised. Default: derived from request id, index and content."""


class RecoverFSMStatesPayload(Sent):
    """Reads the current state of every workflow, a page at a time. Further fields are ignored."""

    model_config = ConfigDict(extra="allow")

    recovery_id: Annotated[str, Field(min_length=1, max_length=255)]
    """A name that correlates the answer with the question."""
    timestamp: datetime | str | None = None
    """When the question was asked. It is not read."""
    request_all_workflows: Annotated[bool, Field(strict=True)] | None = None
    """Accepted, because senders have it. It is not read: the filters select."""
    since_days: Annotated[float, Field(gt=0, le=36500)] | None = None
    """
    How far back workflows in a terminal state are of interest, in days. All others are returned,
    however old.
    """
    limit: Annotated[int, Field(strict=True, ge=1, le=10000)] | None = None
    """The most states of the page."""
    cursor: Annotated[str, Field(max_length=5000)] | None = None
    """The `next_cursor` of the page before."""
    namespaces: Annotated[list[Annotated[str, Field(max_length=32767)]], Field(min_length=1)] | None = None
    """Selects workflows whose metadata names one of these namespaces."""
    states: Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(min_length=1)] | None = None
    """Selects workflows in one of these states."""
    with_total: Annotated[bool, Field(strict=True)] | None = None
    """Whether to count what matches (`total_matching`). It costs a scan of all that matches."""


class RecoverFSMStatesIntent(Sent):
    """An intent of type RecoverFSMStates; its default priority is 2."""

    model_config = ConfigDict(extra="allow")

    intent_type: Literal["RecoverFSMStates"] = "RecoverFSMStates"
    """The type of the intent."""
    target: Literal["store_effect"] = "store_effect"
    """The target of the type."""
    payload: RecoverFSMStatesPayload
    """Reads the current state of every workflow, a page at a time. Further fields are ignored."""
    priority: Annotated[int, Field(strict=True, ge=-9007199254740991, le=9007199254740991)] | None = None
    """Higher runs earlier. Default: the priority of the type. A list may have 32 distinct ones."""
    intent_id: UUID | None = None
    """The id by which a repeat is recognised. Default: derived from request id, index and content."""


class Result(BaseModel):
    """How one intent ended, whatever its type."""

    model_config = ConfigDict(extra="allow")

    intent_id: str
    """The id of the intent: its own, or the derived one."""
    intent_type: str
    """The type of the intent; `unknown` where the intent named none."""
    status: Literal["succeeded", "failed", "skipped", "dead_lettered", "unknown"]
    """
    How the intent ended. `unknown`: the store could not say whether the effect happened. `skipped`: a
    failure before it stopped the list.
    """
    success: bool
    """Whether it succeeded: true for `succeeded` and `dead_lettered`."""
    error: str | None
    """Why it did not succeed, with the path of the field at fault; null on success."""
    error_code: str | None = None
    """
    `VALIDATION_ERROR`, `SKIPPED`, or the store at fault: `DATABASE_ERROR`, `KAFKA_ERROR`. Absent on
    success.
    """
    failure_class: Literal["invalid", "transient", "unavailable", "unknown"] | None = None
    """How the store failed; `unavailable`: it was down. Absent where no store failed, or nobody knows how."""
    execution_time_ms: float
    """
    How long the activity took for the intent and those batched with it, in milliseconds; 0 when none
    was started.
    """
    cut: Literal[True] | None = None
    """Present when the report was too large and lacks the fields of the type, or the end of the error."""
    timestamp: str
    """When the result was recorded, ISO 8601 in UTC. A repeat returns the first time."""
    repeated: Literal[True] | None = None
    """
    Present when another execution, or an earlier intent of the list, had the effect. It announces the
    effect.
    """


class PersistStateResult(BaseModel):
    """The result of a PersistState that has succeeded or become a dead letter, where no report has cut it."""

    model_config = ConfigDict(extra="allow")

    intent_id: str
    """The id of the intent: its own, or the derived one."""
    intent_type: Literal["PersistState"]
    """The type of the intent."""
    status: Literal["succeeded", "failed", "skipped", "dead_lettered", "unknown"]
    """
    How the intent ended. `unknown`: the store could not say whether the effect happened. `skipped`: a
    failure before it stopped the list.
    """
    success: bool
    """Whether it succeeded: true for `succeeded` and `dead_lettered`."""
    error: str | None
    """Why it did not succeed, with the path of the field at fault; null on success."""
    error_code: str | None = None
    """
    `VALIDATION_ERROR`, `SKIPPED`, or the store at fault: `DATABASE_ERROR`, `KAFKA_ERROR`. Absent on
    success.
    """
    failure_class: Literal["invalid", "transient", "unavailable", "unknown"] | None = None
    """How the store failed; `unavailable`: it was down. Absent where no store failed, or nobody knows how."""
    execution_time_ms: float
    """
    How long the activity took for the intent and those batched with it, in milliseconds; 0 when none
    was started.
    """
    cut: Literal[True] | None = None
    """Present when the report was too large and lacks the fields of the type, or the end of the error."""
    timestamp: str
    """When the result was recorded, ISO 8601 in UTC. A repeat returns the first time."""
    repeated: Literal[True] | None = None
    """
    Present when another execution, or an earlier intent of the list, had the effect. It announces the
    effect.
    """
    aggregation_id: str
    """The `aggregation_id` of the payload, in lower case."""
    namespaces_persisted: list[str]
    """The namespaces whose rows were written."""
    total_workflows: int
    """The sum of `unique_workflows_count` over the namespaces."""
    total_items: int
    """The sum of `total_stamps` over the namespaces."""


class PersistFSMTransitionResult(BaseModel):
    """
    The result of a PersistFSMTransition that has succeeded or become a dead letter, where no report has
    cut it.
    """

    model_config = ConfigDict(extra="allow")

    intent_id: str
    """The id of the intent: its own, or the derived one."""
    intent_type: Literal["PersistFSMTransition"]
    """The type of the intent."""
    status: Literal["succeeded", "failed", "skipped", "dead_lettered", "unknown"]
    """
    How the intent ended. `unknown`: the store could not say whether the effect happened. `skipped`: a
    failure before it stopped the list.
    """
    success: bool
    """Whether it succeeded: true for `succeeded` and `dead_lettered`."""
    error: str | None
    """Why it did not succeed, with the path of the field at fault; null on success."""
    error_code: str | None = None
    """
    `VALIDATION_ERROR`, `SKIPPED`, or the store at fault: `DATABASE_ERROR`, `KAFKA_ERROR`. Absent on
    success.
    """
    failure_class: Literal["invalid", "transient", "unavailable", "unknown"] | None = None
    """How the store failed; `unavailable`: it was down. Absent where no store failed, or nobody knows how."""
    execution_time_ms: float
    """
    How long the activity took for the intent and those batched with it, in milliseconds; 0 when none
    was started.
    """
    cut: Literal[True] | None = None
    """Present when the report was too large and lacks the fields of the type, or the end of the error."""
    timestamp: str
    """When the result was recorded, ISO 8601 in UTC. A repeat returns the first time."""
    repeated: Literal[True] | None = None
    """
    Present when another execution, or an earlier intent of the list, had the effect. It announces the
    effect.
    """
    workflow_id: str
    """The `workflow_id` of the payload, in lower case."""
    transition_id: str
    """The id of the row in `fsm_transitions`, a UUID."""
    from_state: str | None
    """The state before, in upper case; null for none."""
    to_state: str
    """The state after, in upper case."""
    duplicate: bool
    """Whether another intent had brought the same transition. `transition_id` is the one of its row then."""
    event_published: bool | None
    """
    Whether FSM_STATE_TRANSITIONED was published. It is null for a repeat and a duplicate: their event
    is the first one.
    """


class PublishEventResult(BaseModel):
    """The result of a PublishEvent that has succeeded or become a dead letter, where no report has cut it."""

    model_config = ConfigDict(extra="allow")

    intent_id: str
    """The id of the intent: its own, or the derived one."""
    intent_type: Literal["PublishEvent"]
    """The type of the intent."""
    status: Literal["succeeded", "failed", "skipped", "dead_lettered", "unknown"]
    """
    How the intent ended. `unknown`: the store could not say whether the effect happened. `skipped`: a
    failure before it stopped the list.
    """
    success: bool
    """Whether it succeeded: true for `succeeded` and `dead_lettered`."""
    error: str | None
    """Why it did not succeed, with the path of the field at fault; null on success."""
    error_code: str | None = None
    """
    `VALIDATION_ERROR`, `SKIPPED`, or the store at fault: `DATABASE_ERROR`, `KAFKA_ERROR`. Absent on
    success.
    """
    failure_class: Literal["invalid", "transient", "unavailable", "unknown"] | None = None
    """How the store failed; `unavailable`: it was down. Absent where no store failed, or nobody knows how."""
    execution_time_ms: float
    """
    How long the activity took for the intent and those batched with it, in milliseconds; 0 when none
    was started.
    """
    cut: Literal[True] | None = None
    """Present when the report was too large and lacks the fields of the type, or the end of the error."""
    timestamp: str
    """When the result was recorded, ISO 8601 in UTC. A repeat returns the first time."""
    repeated: Literal[True] | None = None
    """
    Present when another execution, or an earlier intent of the list, had the effect. It announces the
    effect.
    """
    event_type: str
    """The type of the event."""
    topic: str
    """The topic of the event."""
    event_id: str
    """The id of the event, a UUID: the same for every attempt, so that consumers can drop repeats."""
    event_published: bool
    """Whether all replicas of the broker have the event."""
    dlq_fallback: bool
    """Whether it became a dead letter instead. A redrive publishes it later."""


class RecoveredState(BaseModel):
    """RecoveredState"""

    model_config = ConfigDict(extra="allow")

    current_state: str
    """The state of the workflow."""
    previous_state: str | None
    """The state before; null for none."""
    epoch: int
    """
    How often `transition_count` has started again. Keep the state with the higher (`epoch`,
    `transition_count`, `arrival`).
    """
    transition_count: int
    """The number of the latest transition."""
    arrival: int
    """A unique number that grows with each arrival. It decides between equal counts."""
    metadata: dict[str, Any]
    """The metadata of the latest transition."""
    last_transition_at: str
    """When the latest transition happened, ISO 8601 in UTC."""


class RecoverFSMStatesResult(BaseModel):
    """
    The result of a RecoverFSMStates that has succeeded or become a dead letter, where no report has cut
    it.
    """

    model_config = ConfigDict(extra="allow")

    intent_id: str
    """The id of the intent: its own, or the derived one."""
    intent_type: Literal["RecoverFSMStates"]
    """The type of the intent."""
    status: Literal["succeeded", "failed", "skipped", "dead_lettered", "unknown"]
    """
    How the intent ended. `unknown`: the store could not say whether the effect happened. `skipped`: a
    failure before it stopped the list.
    """
    success: bool
    """Whether it succeeded: true for `succeeded` and `dead_lettered`."""
    error: str | None
    """Why it did not succeed, with the path of the field at fault; null on success."""
    error_code: str | None = None
    """
    `VALIDATION_ERROR`, `SKIPPED`, or the store at fault: `DATABASE_ERROR`, `KAFKA_ERROR`. Absent on
    success.
    """
    failure_class: Literal["invalid", "transient", "unavailable", "unknown"] | None = None
    """How the store failed; `unavailable`: it was down. Absent where no store failed, or nobody knows how."""
    execution_time_ms: float
    """
    How long the activity took for the intent and those batched with it, in milliseconds; 0 when none
    was started.
    """
    cut: Literal[True] | None = None
    """Present when the report was too large and lacks the fields of the type, or the end of the error."""
    timestamp: str
    """When the result was recorded, ISO 8601 in UTC. A repeat returns the first time."""
    repeated: Literal[True] | None = None
    """
    Present when another execution, or an earlier intent of the list, had the effect. It announces the
    effect.
    """
    recovered_states: dict[str, RecoveredState]
    """
    The states of the page, each under its workflow id. Without a `cursor` they are the newest, newest
    first; all pages after that go by workflow id.
    """
    total_recovered: int
    """How many states the page holds."""
    failed: int
    """How many stored states no answer can hold. `warning` names the first ten."""
    truncated: bool
    """Whether more states match than the page holds."""
    next_cursor: str | None
    """
    The `cursor` of the next page; null after the last. All pages together hold every workflow that
    matches from the first page to its own.
    """
    total_matching: int | None = None
    """How many states match the filters, over all pages. Only with `with_total`."""
    warning: str | None = None
    """
    What the page lacks, and why: a time-out, or states that are too large. `next_cursor` continues
    after the page.
    """


AnyResult = Annotated[Union[
    PersistStateResult,
    PersistFSMTransitionResult,
    PublishEventResult,
    RecoverFSMStatesResult,
    Result,
], Field(union_mode="left_to_right")]
"""
A result with the fields of its type, or a plain one where it has none: it failed, or the report has cut
it.
"""


class IntentsReport(BaseModel):
    """How a list ended, with a result for each intent."""

    model_config = ConfigDict(extra="allow")

    request_id: str
    """The id of the list: its own, else the workflow id; of an emitted list the `event_id` in lower case."""
    workflow_id: str
    """The id of the Temporal execution that ran the list."""
    outcome: Literal["completed", "partial", "failed", "cancelled"]
    """
    How the list ended. `completed`: every intent succeeded. `partial`: some did not, or are dead
    letters. `failed`: fail-fast stopped it.
    """
    counts: dict[Literal["succeeded", "failed", "skipped", "dead_lettered", "unknown"], int]
    """How many intents have each status. A status without intents is absent."""
    results: list[AnyResult]
    """One result per intent, in input order."""
    truncated: bool
    """
    Whether the report was too large for Temporal. Results without their fields then say `cut`. Pages of
    states are cut last.
    """


class OnexEnvelope(BaseModel):
    """OnexEnvelopeV1: the JSON that every event is wrapped in."""

    model_config = ConfigDict(extra="allow")

    envelope_version: Literal["1.0"]
    """The version of the envelope."""
    event_id: str
    """The id of the event, a UUID: the same for every attempt. It is a header of the message, too."""
    event_type: Literal[
        "AGGREGATION_STARTED",
        "BATCH_PROCESSED",
        "STATE_PERSISTED",
        "AGGREGATION_COMPLETED",
        "AGGREGATION_FAILED",
        "FSM_STATE_INITIALIZED",
        "FSM_STATE_TRANSITIONED",
        "NODE_INTROSPECTION",
        "REGISTRY_REQUEST_INTROSPECTION",
        "NODE_HEARTBEAT",
        "OPERATION_FAILED",
        "INTENT_EMITTED",
        "INTENT_RESULT",
        "FSM_STATES_RECOVERED",
    ]
    """The type of the event. It is a header of the message, too."""
    event_version: Literal["1.0"]
    """The version of the event's payload."""
    event_timestamp: str
    """When its activity was scheduled, ISO 8601: the same for every attempt."""
    source_node_id: str
    """The node that the event comes from. Default: `source_instance`."""
    source_service: Literal["omninode-bridge"]
    """The service that publishes."""
    source_version: Literal["1.0.0"]
    """The version of that service."""
    source_instance: str
    """The process that publishes: the worker's `SERVICE_INSTANCE`."""
    correlation_id: str | None
    """The correlation id of the list. It is a header of the message, too, unless null."""
    causation_id: str | None
    """What caused the event. Default: the id of the intent."""
    environment: str
    """The `ENVIRONMENT` of the process."""
    region: str
    """The `REGION` of the process."""
    partition_key: str | None
    """The key of the message. Without one the key is `correlation_id`, else `source_node_id`."""
    payload: dict[str, Any]
    """What the event says; its shape follows from `event_type`."""
    metadata: dict[str, Any]
    """`intent_id`: the intent that caused the event. Empty for an `INTENT_EMITTED` of the client."""


Intent = Union[PersistStateIntent, PersistFSMTransitionIntent, PublishEventIntent, RecoverFSMStatesIntent]
"""An intent of any type."""
