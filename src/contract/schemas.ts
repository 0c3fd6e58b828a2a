/**
 * This module has the schemas of the contract by name: what callers may send, and what they get. `bridge schema` prints
 * them as JSON Schema, and `npm run docs` writes them to `contract/schemas`.
 */
import { z } from 'zod';
import { deadLetterCopy } from '../domain/dead-letters/copy-schema.js';
import { type EventType, PUBLISHABLE_EVENT_TYPES } from '../domain/events/event-types.js';
import {
  EVENT_TEXTS,
  fsmStateTransitionedEvent,
  intentResultEvent,
  onexEnvelope,
  operationFailedEvent,
  recoveredStateEvent,
  recoverySummaryEvent,
  statePersistedEvent,
} from '../domain/events/schema.js';
import { report } from '../domain/execution/report-schema.js';
import { request } from '../domain/execution/request.js';
import type { AnyIntentDefinition } from '../domain/intents/definition.js';
import { intentFields } from '../domain/intents/parse.js';
import { persistFsmTransition } from '../domain/intents/persist-fsm-transition/definition.js';
import { fsmTransitionFields, transitionEventFields } from '../domain/intents/persist-fsm-transition/schema.js';
import { persistState } from '../domain/intents/persist-state/definition.js';
import { persistStateFields } from '../domain/intents/persist-state/schema.js';
import { publishEvent } from '../domain/intents/publish-event/definition.js';
import { publishEventPayload, publishFields } from '../domain/intents/publish-event/schema.js';
import { recoverFsmStates } from '../domain/intents/recover-fsm-states/definition.js';
import { recoveredStates } from '../domain/intents/recover-fsm-states/schema.js';
import { baseResult, repeatFields } from '../domain/intents/result-schema.js';
import { intentEmitted } from '../intake/envelope-reader.js';

/** A contract schema is a schema with its direction: `input`, what a caller may send, or `output`, what it gets. */
export interface ContractSchema {
  readonly io: 'input' | 'output';
  readonly schema: z.ZodType;
}

/** The intent types of the contract, with the fields of a success beside those that every result has. */
const INTENTS = {
  PersistState: { definition: persistState, fields: persistStateFields },
  PersistFSMTransition: {
    definition: persistFsmTransition,
    fields: fsmTransitionFields.extend(transitionEventFields.shape),
  },
  PublishEvent: { definition: publishEvent, fields: publishFields },
  RecoverFSMStates: { definition: recoverFsmStates, fields: recoveredStates },
} as const satisfies Readonly<
  Record<string, { readonly definition: AnyIntentDefinition; readonly fields: z.ZodObject }>
>;

type ContractType = keyof typeof INTENTS;

/** Fields of a success beside those that every result has, by intent type. */
export const RESULT_FIELDS: { readonly [Type in ContractType]: (typeof INTENTS)[Type]['fields'] } = {
  PersistState: INTENTS.PersistState.fields,
  PersistFSMTransition: INTENTS.PersistFSMTransition.fields,
  PublishEvent: INTENTS.PublishEvent.fields,
  RecoverFSMStates: INTENTS.RecoverFSMStates.fields,
};

/** Returns the name of a schema, such as `persist-fsm-transition` for `PersistFSMTransition`. */
export const schemaName = (type: string): string =>
  type
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();

const intentOf = ({ type, target, schema, defaultPriority }: AnyIntentDefinition) =>
  intentFields
    .extend({
      intent_type: z.literal(type).describe('The type of the intent.'),
      target: z.literal(target).describe('The target of the type.'),
      payload: schema,
    })
    .meta({ id: `${type}Intent`, description: `An intent of type ${type}; its default priority is ${defaultPriority}.` });

const intent = z
  .union(Object.values(INTENTS).map(({ definition }) => intentOf(definition)))
  .meta({ id: 'Intent', description: 'An intent of any type.' });

const intents = z
  .array(intent)
  .describe('The intents. An empty list succeeds. The service takes a list with invalid intents too, and reports those as failed.');

const resultOf = (type: ContractType) =>
  baseResult
    .extend({ intent_type: z.literal(type).describe('The type of the intent.') })
    .extend(repeatFields.shape)
    .extend(RESULT_FIELDS[type].shape)
    .describe(`The result of a ${type} that has succeeded or become a dead letter, where no report has cut it.`);

/** Makes the schema of what callers may publish. The service reads the fields of the envelope, and nothing else. */
const published = (type: EventType) =>
  publishEventPayload
    .extend({ event_type: z.literal(type).describe('The type of the event.') })
    .describe('The payload of a PublishEvent, whole.');

/** Payloads that the service makes itself, by event type. */
const PAYLOADS: Partial<Record<EventType, readonly z.ZodType[]>> = {
  STATE_PERSISTED: [statePersistedEvent, published('STATE_PERSISTED')],
  FSM_STATE_TRANSITIONED: [fsmStateTransitionedEvent, published('FSM_STATE_TRANSITIONED')],
  OPERATION_FAILED: [operationFailedEvent, published('OPERATION_FAILED')],
  INTENT_RESULT: [intentResultEvent],
  FSM_STATES_RECOVERED: [recoveredStateEvent, recoverySummaryEvent],
};

const eventOf = (type: EventType) =>
  onexEnvelope
    .extend({
      event_type: z.literal(type).describe('The type of the event. It is a header of the message, too.'),
      payload: z.union(PAYLOADS[type] ?? [published(type)]).describe('What the event says.'),
    })
    .describe(`An event of type ${type}. ${EVENT_TEXTS[type]}`);

const input = (schema: z.ZodType): ContractSchema => ({ io: 'input', schema });
const output = (schema: z.ZodType): ContractSchema => ({ io: 'output', schema });

/** Event types whose messages the service publishes. INTENT_EMITTED is what it reads. */
export const PUBLISHED_TYPES = [...PUBLISHABLE_EVENT_TYPES, 'INTENT_RESULT', 'FSM_STATES_RECOVERED'] as const;

/** All schemas of the contract, in the order of `bridge schema`. */
export const CONTRACT: ReadonlyMap<string, ContractSchema> = new Map([
  ['request', input(request.extend({ intents }).describe('A list of intents with its options: the input of ExecuteIntentsWorkflow.'))],
  ['intent', input(intent)],
  ...Object.values(INTENTS).map(
    ({ definition }) => [schemaName(definition.type), input(definition.schema)] as const,
  ),
  [
    'intent-emitted',
    input(
      intentEmitted
        .extend({ payload: intentEmitted.shape.payload.extend({ intents }).describe('The list.') })
        .describe('A list for the intake, as a message of its topic.'),
    ),
  ],
  ['report', output(report.describe('How a list ended, with a result for each intent.'))],
  ['result', output(z.looseObject(baseResult.extend(repeatFields.shape).shape).describe('How one intent ended, whatever its type.'))],
  ...(Object.keys(INTENTS) as ContractType[]).map(
    (type) => [`${schemaName(type)}-result`, output(resultOf(type))] as const,
  ),
  ['envelope', output(onexEnvelope.describe('OnexEnvelopeV1: the JSON that every event is wrapped in.'))],
  ...PUBLISHED_TYPES.map((type) => [schemaName(type), output(eventOf(type))] as const),
  ['dead-letter', output(deadLetterCopy.describe('The `.dlq` copy of an event that no broker took.'))],
]);
