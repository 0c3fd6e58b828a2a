/**
 * This module has the examples of docs/intents.md. Ids and events are made by the code that makes the real ones;
 * `test/docs/generated.test.ts` parses every example with its schema.
 */
import { builtinEffects } from '../../activities/index.js';
import type { IntentType } from '../../src/client/index.js';
import type { Result } from '../../src/client/types.js';
import {
  type EventInput,
  type EventSource,
  makeEnvelope,
  type OnexEnvelopeV1,
} from '../../src/domain/events/envelope.js';
import type { PUBLISHABLE_EVENT_TYPES } from '../../src/domain/events/event-types.js';
import { type EventType, topicOf } from '../../src/domain/events/event-types.js';
import { makePlan } from '../../src/domain/execution/plan.js';
import { makeReport, type Report } from '../../src/domain/execution/report.js';
import { parseRequest, type RequestInput } from '../../src/domain/execution/request.js';
import type { AnyIntentDefinition, DerivedEvent } from '../../src/domain/intents/definition.js';
import { operationFailed } from '../../src/domain/intents/operation-failed.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import { emittedId, eventIdOf } from '../../src/domain/values/ids.js';
import { BRIDGE, INTENTS, RECORDED, RECOVERY, TIME, TRANSITION, WORKFLOW } from './example-intents.js';
import type { RecoveredStateEvent, RecoverySummaryEvent } from '../../src/domain/recovery/recovery.js';

const SOURCE: EventSource = {
  topicPrefix: 'omninode_bridge',
  sourceInstance: 'worker-1',
  environment: 'production',
  region: 'eu-central',
};

export const DEFINITIONS: ReadonlyMap<string, AnyIntentDefinition> = new Map(
  builtinEffects.map(({ definition }) => [definition.type, definition]),
);

export const REQUEST: RequestInput = {
  intents: Object.values(INTENTS),
  request_id: 'reduction-42',
  correlation_id: 'order-1007',
  options: { failFastPriority: 2, derivedEvents: 'unless_published' },
};

const plan = makePlan(parseRequest(REQUEST), 'workflow', DEFINITIONS);

/** Returns the fields that every example of a success has. */
function success<Type extends IntentType>(type: Type) {
  const planned = plan.intents.find((intent) => intent.type === type);
  if (planned === undefined) throw new Error(`examples: expected an intent of type ${type}`);
  return {
    intent_id: planned.id,
    intent_type: type,
    status: 'succeeded',
    success: true,
    error: null,
    execution_time_ms: 6.4,
    timestamp: RECORDED,
  } as const;
}

const publishedId = eventIdOf(success('PublishEvent').intent_id, INTENTS.PublishEvent.payload.event_type);

export const RESULTS = {
  PersistState: {
    ...success('PersistState'),
    aggregation_id: BRIDGE,
    namespaces_persisted: ['shop.orders'],
    total_workflows: 1,
    total_items: 120,
  },
  PersistFSMTransition: {
    ...success('PersistFSMTransition'),
    workflow_id: WORKFLOW,
    transition_id: TRANSITION,
    from_state: 'PENDING',
    to_state: 'PROCESSING',
    duplicate: false,
    event_published: true,
  },
  PublishEvent: {
    ...success('PublishEvent'),
    event_type: 'AGGREGATION_COMPLETED',
    topic: topicOf(SOURCE.topicPrefix, 'AGGREGATION_COMPLETED'),
    event_id: publishedId,
    event_published: true,
    dlq_fallback: false,
  },
  RecoverFSMStates: {
    ...success('RecoverFSMStates'),
    recovered_states: {
      [WORKFLOW]: {
        current_state: 'PROCESSING',
        previous_state: 'PENDING',
        epoch: 1,
        transition_count: 1,
        arrival: 4_711,
        metadata: { source: 'web', namespace: 'shop.orders' },
        last_transition_at: TIME,
      },
    },
    total_recovered: 1,
    failed: 0,
    truncated: false,
    next_cursor: null,
    total_matching: 1,
  },
} as const satisfies { readonly [Type in IntentType]: Extract<Result, { intent_type: Type }> };

export const FAILURE = {
  intent_id: '1b4e28ba-2fa1-41d2-883f-0016d3cca427',
  intent_type: 'PersistState',
  status: 'failed',
  success: false,
  error: 'PostgreSQL: cannot connect: connect ECONNREFUSED 127.0.0.1:5432',
  error_code: 'DATABASE_ERROR',
  failure_class: 'unavailable',
  execution_time_ms: 0,
  timestamp: RECORDED,
} as const satisfies IntentResult;

export const REPORT: Report = makeReport(
  { request_id: 'reduction-42', workflow_id: 'reduction-42', outcome: 'completed' },
  [RESULTS.PersistState, RESULTS.PublishEvent],
);

const derived = (event: DerivedEvent | null | undefined): Readonly<Record<string, unknown>> => {
  if (event == null) throw new Error('examples: expected a derived event');
  return event.payload;
};

/** Returns the event that a result of this type makes; null when it makes none. */
export const announcedBy = (type: IntentType): DerivedEvent | null =>
  DEFINITIONS.get(type)?.announce(RESULTS[type]) ?? null;

/** Example payloads by event type. */
export const EVENTS: Readonly<Record<(typeof PUBLISHABLE_EVENT_TYPES)[number], Readonly<Record<string, unknown>>>> = {
  AGGREGATION_STARTED: {
    event_type: 'AGGREGATION_STARTED',
    aggregation_id: BRIDGE,
    aggregation_type: 'namespace_grouping',
    batch_size: 100,
    window_size_ms: 5_000,
    timestamp: TIME,
  },
  BATCH_PROCESSED: { event_type: 'BATCH_PROCESSED', aggregation_id: BRIDGE, items: 100, timestamp: TIME },
  STATE_PERSISTED: derived(announcedBy('PersistState')),
  AGGREGATION_COMPLETED: INTENTS.PublishEvent.payload,
  AGGREGATION_FAILED: { event_type: 'AGGREGATION_FAILED', aggregation_id: BRIDGE, reason: 'no input', timestamp: TIME },
  FSM_STATE_INITIALIZED: {
    event_type: 'FSM_STATE_INITIALIZED',
    partition_key: WORKFLOW,
    workflow_id: WORKFLOW,
    state: 'PENDING',
    timestamp: TIME,
  },
  FSM_STATE_TRANSITIONED: derived(announcedBy('PersistFSMTransition')),
  NODE_INTROSPECTION: {
    event_type: 'NODE_INTROSPECTION',
    source_node_id: 'reducer-3',
    capabilities: ['reduce'],
    timestamp: TIME,
  },
  REGISTRY_REQUEST_INTROSPECTION: {
    event_type: 'REGISTRY_REQUEST_INTROSPECTION',
    source_node_id: 'registry-1',
    correlation_id: 'introspection-7',
    timestamp: TIME,
  },
  NODE_HEARTBEAT: { event_type: 'NODE_HEARTBEAT', source_node_id: 'reducer-3', timestamp: TIME },
  OPERATION_FAILED: derived(operationFailed(FAILURE)),
};

const envelope = (eventType: EventType, rest: Omit<EventInput, 'eventType' | 'timestamp'>): OnexEnvelopeV1 =>
  makeEnvelope(SOURCE, { eventType, timestamp: TIME, ...rest });

export const ENVELOPE: OnexEnvelopeV1 = envelope('FSM_STATE_TRANSITIONED', {
  intentId: success('PersistFSMTransition').intent_id,
  payload: EVENTS.FSM_STATE_TRANSITIONED,
  correlationId: REQUEST.correlation_id,
  partitionKey: WORKFLOW,
});

const emitted = {
  intents: [INTENTS.PersistState],
  request_id: 'reduction-42',
  options: parseRequest({ intents: [] }).options,
};

/** The fields of the client's event that the intake reads. */
export const INTENT_EMITTED = {
  envelope_version: '1.0',
  event_id: emittedId(emitted),
  event_type: 'INTENT_EMITTED',
  correlation_id: 'order-1007',
  payload: emitted,
};

export const INTENT_RESULT = {
  event_id: INTENT_EMITTED.event_id,
  ...makeReport(
    {
      request_id: 'reduction-42',
      workflow_id: `intake/${topicOf(SOURCE.topicPrefix, 'INTENT_EMITTED')}/0`,
      outcome: 'completed',
    },
    [RESULTS.PersistState],
  ),
};

export const RECOVERED_STATE: RecoveredStateEvent = {
  kind: 'state',
  recovery_id: RECOVERY,
  workflow_id: WORKFLOW,
  ...RESULTS.RecoverFSMStates.recovered_states[WORKFLOW],
};

export const RECOVERY_SUMMARY: RecoverySummaryEvent = {
  kind: 'summary',
  recovery_id: RECOVERY,
  pages: 1,
  emitted: 1,
  failed: 0,
  by_state: { PROCESSING: 1 },
};
