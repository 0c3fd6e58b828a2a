/** This module makes docs/intents.md from the schemas of intents, results and events. */
import type { z } from 'zod';
import { RESULT_FIELDS } from '../../src/contract/schemas.js';
import {
  EVENT_TEXTS,
  fsmStateTransitionedEvent,
  intentResultEvent,
  onexEnvelope,
  operationFailedEvent,
  recoveredStateEvent,
  recoverySummaryEvent,
  statePersistedEvent,
} from '../../src/domain/events/schema.js';
import { type EventType, PUBLISHABLE_EVENT_TYPES, topicOf } from '../../src/domain/events/event-types.js';
import { report } from '../../src/domain/execution/report-schema.js';
import { request } from '../../src/domain/execution/request.js';
import { intentFields } from '../../src/domain/intents/parse.js';
import { baseResult, repeatFields } from '../../src/domain/intents/result-schema.js';
import { DEFAULT_LIMITS } from '../../src/domain/values/limits.js';
import { intentEmitted } from '../../src/intake/envelope-reader.js';
import { INTRODUCTION } from './intents-introduction.js';
import {
  announcedBy,
  DEFINITIONS,
  ENVELOPE,
  EVENTS,
  FAILURE,
  INTENT_EMITTED,
  INTENT_RESULT,
  RECOVERED_STATE,
  RECOVERY_SUMMARY,
  REPORT,
  REQUEST,
  RESULTS,
} from './examples.js';
import { INTENTS } from './example-intents.js';
import type { IntentType } from '../../src/client/index.js';
import { descriptionOf, fieldTable } from './fields.js';
import { code, jsonBlock, number, table } from './markdown.js';
import { TIMES } from './times.js';

type PublishableType = (typeof PUBLISHABLE_EVENT_TYPES)[number];

/** Events that the service publishes by itself, and when. */
const DERIVED: Partial<Record<PublishableType, { readonly schema: z.ZodObject; readonly when: string }>> = {
  STATE_PERSISTED: { schema: statePersistedEvent, when: 'after a PersistState has succeeded' },
  FSM_STATE_TRANSITIONED: { schema: fsmStateTransitionedEvent, when: 'after a PersistFSMTransition has succeeded' },
  OPERATION_FAILED: {
    schema: operationFailedEvent,
    when: 'after an intent has failed, but not when a broker was at fault',
  },
};

export function intentsPage(): string {
  return [
    INTRODUCTION,
    TIMES,
    listSection(),
    intentsSection(),
    ...[...DEFINITIONS.keys()].map((type) => intentSection(type as IntentType)),
    reportSection(),
    resultsSection(),
    envelopeSection(),
    eventTypesSection(),
    ...PUBLISHABLE_EVENT_TYPES.map(eventSection),
    serviceEventsSection(),
  ].join('\n\n');
}

const listSection = (): string => `## The list

A list is the input of \`ExecuteIntentsWorkflow\`, and the argument of \`StoreEffectClient.startRequest()\`.
Unknown fields of a list and of its options are errors.

A file or standard input of \`bridge execute\` and \`bridge emit\` is UTF-8. It has one list or many: one a line, or laid out in any other way, one
behind another. A list there is such an object, a bare JSON list of intents, or an [INTENT_EMITTED](#intent_emitted) envelope, whose
\`event_id\` names the list. Intents that stand alone, such as one a line, are **one** list in their order. As
lists of their own they would run at the same time. \`bridge execute\` starts lists while it reads; \`bridge emit\` reads all first.

${fieldTable(request, 'input')}

A list that exceeds a limit is rejected as a whole, before any effect:

${table(
  ['Limit of a list', 'Value'],
  [
    ['Intents', number(DEFAULT_LIMITS.intents)],
    ['Bytes of JSON', number(DEFAULT_LIMITS.bytes)],
    ['Distinct priorities', number(DEFAULT_LIMITS.priorities)],
    ['RecoverFSMStates intents', number(DEFAULT_LIMITS.pages)],
  ],
)}

A complete list:

${jsonBlock(REQUEST)}`;

const intentsSection = (): string => `## Intents

An intent asks for one effect. These are the fields that every intent has:

${fieldTable(intentFields, 'input')}

${descriptionOf(intentFields)} An intent that is invalid fails with the path of the field at fault, and its neighbours are executed. If its priority reaches \`failFastPriority\`,
the list fails before any effect. An intent may nest ${number(DEFAULT_LIMITS.depth)} levels deep; its texts may hold neither NUL characters nor halves of surrogate pairs.

${table(
  ['Type', '`target`', 'Default priority', 'Largest, bytes of JSON', 'Derived event'],
  [...DEFINITIONS.values()].map((definition) => [
    `[${code(definition.type)}](#${definition.type.toLowerCase()})`,
    code(definition.target),
    String(definition.defaultPriority),
    number(definition.limits.bytes),
    linkTo(announcedBy(definition.type as IntentType)?.event_type),
  ]),
)}`;

function intentSection(type: IntentType): string {
  const schema = DEFINITIONS.get(type)?.schema as z.ZodObject;
  return `### ${type}

${descriptionOf(schema)} The fields of its \`payload\`:

${fieldTable(schema, 'input')}

A success has these fields beside [those of every result](#results):

${fieldTable(RESULT_FIELDS[type], 'output')}

A complete intent, and its result:

${jsonBlock(INTENTS[type])}

${jsonBlock(RESULTS[type])}`;
}

const reportSection = (): string => `## The report

A report says how a list ended. The workflow returns it; when fail-fast stopped the list, it is in the details of the \`FailFast\` failure.

${fieldTable(report, 'output')}

A complete report:

${jsonBlock(REPORT)}`;

const resultsSection = (): string => `## Results

A result says how one intent ended. These are the fields that every result has:

${fieldTable(baseResult.extend(repeatFields.shape), 'output')}

A complete result of an intent that failed:

${jsonBlock(FAILURE)}`;

const envelopeSection = (): string => `## The envelope of events

Every event on Kafka is a JSON object of this shape, OnexEnvelopeV1. Its topic is \`{prefix}.reducer.events.{event_type}\` in lower case; the prefix is
[\`KAFKA_TOPIC_PREFIX\`](settings.md#kafka_topic_prefix). Events are published at least once: drop what has an \`event_id\` that you know.

${fieldTable(onexEnvelope, 'output')}

A complete event:

${jsonBlock(ENVELOPE)}`;

const eventTypesSection = (): string => `## Event types

A PublishEvent may publish ${number(PUBLISHABLE_EVENT_TYPES.length)} event types. The service publishes three of them by itself, too. It reads
\`event_type\` and the [envelope's fields](#publishevent) of what callers publish, and nothing else: the rest is between you and your consumers.

${table(
  ['Event type', 'What it says', 'Published by'],
  PUBLISHABLE_EVENT_TYPES.map((type) => [
    linkTo(type),
    EVENT_TEXTS[type],
    DERIVED[type] === undefined ? 'a PublishEvent' : `a PublishEvent; the service, ${DERIVED[type].when}`,
  ]),
)}`;

function eventSection(type: PublishableType): string {
  const derived = DERIVED[type];
  const topic = `${EVENT_TEXTS[type]} Topic: ${code(topicOf('{prefix}', type))}.`;
  const example = `A complete payload:\n\n${jsonBlock(EVENTS[type])}`;
  return derived === undefined
    ? `### ${type}\n\n${topic} ${example}`
    : `### ${type}\n\n${topic} The service publishes it ${derived.when}, with this payload:\n\n${fieldTable(derived.schema, 'output')}\n\n${example}`;
}

const serviceEventsSection = (): string => `## Events of the service

A PublishEvent may not use these event types. You emit \`INTENT_EMITTED\` yourself, on its topic or with the client; the others come from the service.

### INTENT_EMITTED

${EVENT_TEXTS.INTENT_EMITTED} The intake reads these fields of the message:

${fieldTable(intentEmitted, 'input')}

${descriptionOf(intentEmitted)} A message that holds no list is copied to the topic's dead letter topic. A complete message, in its shortest form:

${jsonBlock(INTENT_EMITTED)}

### INTENT_RESULT

${EVENT_TEXTS.INTENT_RESULT} Its envelope has the correlation id of the list. The fields of its payload:

${fieldTable(intentResultEvent, 'output')}

A complete payload:

${jsonBlock(INTENT_RESULT)}

### FSM_STATES_RECOVERED

${EVENT_TEXTS.FSM_STATES_RECOVERED} The payload of one workflow's event:

${fieldTable(recoveredStateEvent, 'output')}

${jsonBlock(RECOVERED_STATE)}

The payload of the last event:

${fieldTable(recoverySummaryEvent, 'output')}

${jsonBlock(RECOVERY_SUMMARY)}`;

const linkTo = (type: EventType | undefined): string =>
  type === undefined ? '' : `[${code(type)}](#${type.toLowerCase()})`;
