/**
 * This module describes the events on Kafka: their envelope, the payloads that this service makes, and what each type
 * says. Its descriptions become docs/intents.md; nothing parses with it while a list is executed.
 */
import { z } from 'zod';
import { report } from '../execution/report-schema.js';
import { recoveredState } from '../intents/recover-fsm-states/schema.js';
import { type EventType, PUBLISHABLE_EVENT_TYPES, SERVICE_EVENT_TYPES } from './event-types.js';

const text = z.string();

export const onexEnvelope = z.object({
  envelope_version: z.literal('1.0').describe('The version of the envelope.'),
  event_id: text.describe(
    'The id of the event, a UUID: the same for every attempt. It is a header of the message, too.',
  ),
  event_type: z
    .enum([...PUBLISHABLE_EVENT_TYPES, ...SERVICE_EVENT_TYPES])
    .describe('The type of the event. It is a header of the message, too.'),
  event_version: z.literal('1.0').describe("The version of the event's payload."),
  event_timestamp: text.describe('When its activity was scheduled, ISO 8601: the same for every attempt.'),
  source_node_id: text.describe('The node that the event comes from. Default: `source_instance`.'),
  source_service: z.literal('omninode-bridge').describe('The service that publishes.'),
  source_version: z.literal('1.0.0').describe('The version of that service.'),
  source_instance: text.describe("The process that publishes: the worker's `SERVICE_INSTANCE`."),
  correlation_id: text
    .nullable()
    .describe('The correlation id of the list. It is a header of the message, too, unless null.'),
  causation_id: text.nullable().describe('What caused the event. Default: the id of the intent.'),
  environment: text.describe('The `ENVIRONMENT` of the process.'),
  region: text.describe('The `REGION` of the process.'),
  partition_key: text
    .nullable()
    .describe('The key of the message. Without one the key is `correlation_id`, else `source_node_id`.'),
  payload: z
    .record(z.string(), z.unknown())
    .readonly()
    .describe('What the event says; its shape follows from `event_type`.'),
  metadata: z
    .record(z.string(), z.unknown())
    .readonly()
    .describe('`intent_id`: the intent that caused the event. Empty for an `INTENT_EMITTED` of the client.'),
});

export const statePersistedEvent = z.object({
  aggregation_id: text.describe('The id of the bridge.'),
  namespaces_count: z.int().describe('How many namespaces were written.'),
  workflows_count: z.int().describe('The `total_workflows` of the result.'),
  timestamp: text.describe('The `timestamp` of the result.'),
});

export const fsmStateTransitionedEvent = z.object({
  workflow_id: text.describe('The id of the workflow; also the key of the message.'),
  from_state: text.nullable().describe('The state before; null for none.'),
  to_state: text.describe('The state after.'),
  transition_id: text.describe('The id of the row in `fsm_transitions`.'),
  timestamp: text.describe('The `timestamp` of the result.'),
});

export const operationFailedEvent = z.object({
  intent_type: text.describe('The type of the intent as the upstream enumeration names it, such as `PERSIST_STATE`.'),
  error_code: text.describe('The `error_code` of the result.'),
  error_message: text.nullable().describe('The `error` of the result.'),
  timestamp: text.describe('The `timestamp` of the result.'),
});

export const intentResultEvent = z.object({
  event_id: text.describe(
    'The `event_id` of the `INTENT_EMITTED` that brought the list, as it is written there; also the `causation_id` of this event.',
  ),
  ...report.shape,
  error: text
    .exactOptional()
    .describe(
      'Why the whole list was rejected: it exceeds a limit, its options are invalid, or its event id belongs to another list.',
    ),
  rerun_at: text
    .exactOptional()
    .describe('When the list was emitted for this run, ISO 8601 in UTC. Absent for its first run.'),
  conflict: z
    .object({
      list_hash: text.describe('The SHA-256 of the intents of the rejected list, as JSON with sorted keys.'),
      partition: text.describe('The partition of its message: `intake/{topic}/{number}`.'),
      offset: text.exactOptional().describe('The offset of its message.'),
    })
    .exactOptional()
    .describe(
      'Present when the event id belongs to another list, which is answered by another `INTENT_RESULT`. The `event_id` of the envelope then is one of its own.',
    ),
});

export const recoveredStateEvent = z.object({
  kind: z.literal('state').describe('Tells the event of one workflow from the last one.'),
  recovery_id: text.describe('The id of the recovery; also the `correlation_id` of the event.'),
  workflow_id: text.describe('The id of the workflow; also the key of the message.'),
  ...recoveredState.shape,
});

export const recoverySummaryEvent = z.object({
  kind: z.literal('summary').describe('Tells the last event from those of workflows.'),
  recovery_id: text.describe('The id of the recovery; also the key of the message.'),
  pages: z.int().describe('How many pages were read.'),
  emitted: z.int().describe('How many states were emitted.'),
  failed: z.int().describe('How many states could not be read or sent, because no message can hold them.'),
  by_state: z
    .record(z.string(), z.int())
    .readonly()
    .describe('How many were in each state. 100 states are counted by name, the rest as `other`.'),
  warning: text.exactOptional().describe('What the latest incomplete page lacked, and why.'),
});

/** The meaning of each event type. The service reads no payload of the types that only callers publish. */
export const EVENT_TEXTS: Readonly<Record<EventType, string>> = {
  AGGREGATION_STARTED: 'A reducer has started an aggregation.',
  BATCH_PROCESSED: 'A reducer has processed a batch.',
  STATE_PERSISTED: 'A PersistState has had its effect.',
  AGGREGATION_COMPLETED: 'A reducer has completed an aggregation.',
  AGGREGATION_FAILED: 'An aggregation has failed.',
  FSM_STATE_INITIALIZED: 'A workflow has its first state.',
  FSM_STATE_TRANSITIONED: 'A PersistFSMTransition has had its effect.',
  NODE_INTROSPECTION: 'A node describes itself.',
  REGISTRY_REQUEST_INTROSPECTION: 'A registry asks nodes to describe themselves.',
  NODE_HEARTBEAT: 'A node is alive.',
  OPERATION_FAILED: 'An intent has failed.',
  INTENT_EMITTED: 'A list for the intake to execute.',
  INTENT_RESULT: 'The report of a list that the intake took.',
  FSM_STATES_RECOVERED: 'The current state of a workflow, or the counts at the end of a recovery.',
};
