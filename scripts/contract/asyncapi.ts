/** This module makes `contract/asyncapi.yaml`, which describes the topics in AsyncAPI 3. */
import { stringify } from 'yaml';
import { PUBLISHED_TYPES, schemaName } from '../../src/contract/schemas.js';
import { REJECTED_HEADERS } from '../../src/domain/dead-letters/rejected-copy.js';
import { type EventType, topicOf } from '../../src/domain/events/event-types.js';
import { EVENT_TEXTS } from '../../src/domain/events/schema.js';
import { DEFAULT_SUFFIX, DEFAULT_TOPIC_PREFIX } from './defaults.js';

const HEADERS = {
  type: 'object',
  required: ['event_id', 'event_type'],
  properties: {
    event_id: { type: 'string', description: 'The `event_id` of the envelope, for dedupe.' },
    event_type: { type: 'string' },
    correlation_id: { type: 'string', description: 'Absent where the envelope has none.' },
  },
};

const REJECTED = {
  type: 'object',
  required: [REJECTED_HEADERS.topic, REJECTED_HEADERS.reason, REJECTED_HEADERS.form],
  properties: Object.fromEntries(Object.values(REJECTED_HEADERS).map((name) => [name, { type: 'string' }])),
};

const payload = (name: string) => ({
  schemaFormat: 'application/schema+json;version=draft-2020-12',
  schema: { $ref: `./schemas/${name}.json` },
});

/** The message of a topic: what it is, its headers, and the schema of its value. */
const message = (name: string, summary: string, headers: object, value?: string) => ({
  name,
  summary,
  contentType: 'application/json',
  headers,
  ...(value === undefined ? {} : { payload: payload(value) }),
  bindings: { kafka: { key: { type: 'string' }, bindingVersion: '0.5.0' } },
});

const channel = (type: EventType, suffix: string, description: string, messageName: string) => ({
  address: `${topicOf('{prefix}', type)}${suffix}`,
  description,
  messages: { [messageName]: { $ref: `#/components/messages/${messageName}` } },
  parameters: {
    prefix: { $ref: '#/components/parameters/prefix' },
    ...(suffix === '' ? {} : { suffix: { $ref: '#/components/parameters/suffix' } }),
  },
});

export function asyncApi(version: string): string {
  const read: EventType = 'INTENT_EMITTED';
  const types: readonly EventType[] = [read, ...PUBLISHED_TYPES];
  const operations = types.flatMap((type) => [
    [
      `${type === read ? 'read' : 'publish'}-${schemaName(type)}`,
      { action: type === read ? 'receive' : 'send', channel: { $ref: `#/channels/${schemaName(type)}` } },
    ],
    [`copy-${schemaName(type)}`, { action: 'send', channel: { $ref: `#/channels/${schemaName(type)}-dlq` } }],
  ]);
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'bridge-store-effect',
      version,
      description:
        'The topics of one installation, as the service sees them: it receives INTENT_EMITTED, and sends the rest. Events are sent at least once; every copy has the same `event_id`.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      types.flatMap((type) => [
        [schemaName(type), channel(type, '', EVENT_TEXTS[type], schemaName(type))],
        [
          `${schemaName(type)}-dlq`,
          type === read
            ? channel(type, '{suffix}', 'Copies of messages that hold no list, or whose slice ended by force.', 'rejected')
            : channel(type, '{suffix}', 'Copies of events that no broker took in time.', 'dead-letter'),
        ],
      ]),
    ),
    operations: Object.fromEntries(operations) as object,
    components: {
      parameters: {
        prefix: { description: 'The `KAFKA_TOPIC_PREFIX` of the installation.', default: DEFAULT_TOPIC_PREFIX },
        suffix: { description: 'The `KAFKA_DLQ_SUFFIX` of the installation.', default: DEFAULT_SUFFIX },
      },
      messages: {
        ...Object.fromEntries(
          types.map((type) => [
            schemaName(type),
            message(schemaName(type), EVENT_TEXTS[type], type === read ? { type: 'object' } : HEADERS, schemaName(type)),
          ]),
        ),
        'dead-letter': message(
          'dead-letter',
          'The copy of an event that no broker took.',
          {
            ...HEADERS,
            required: [...HEADERS.required, 'original_topic', 'failure_reason'],
            properties: { ...HEADERS.properties, original_topic: { type: 'string' }, failure_reason: { type: 'string' } },
          },
          'dead-letter',
        ),
        rejected: message('rejected', 'A message as it was, with headers that say why it is there.', REJECTED),
      },
    },
  };
  return stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
}
