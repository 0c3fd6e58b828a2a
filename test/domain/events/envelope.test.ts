/**
 * These tests check the names, keys and ids that consumers rely on. They stay the same however often an event is sent.
 */
import assert from 'node:assert/strict';
import { type EventSource, makeEnvelope, toMessage } from '../../../src/domain/events/envelope.js';
import {
  derivedIntentId,
  emittedId,
  eventIdOf,
  payloadHash,
  recoveredId,
  resultIdOf,
} from '../../../src/domain/values/ids.js';
import { enumName, operationFailed } from '../../../src/domain/intents/operation-failed.js';
import type { IntentResult } from '../../../src/domain/intents/result.js';

const source: EventSource = { topicPrefix: 'p', sourceInstance: 'host', environment: 'test', region: 'local' };
const event = { intentId: 'i', eventType: 'STATE_PERSISTED', timestamp: 't', payload: { a: 1 } } as const;

describe('an event’s envelope', () => {
  it('has the id that is given, and one for each run of a list', () => {
    assert.equal(makeEnvelope(source, { ...event, eventId: 'given' }).event_id, 'given');
    assert.equal(resultIdOf('i', undefined), eventIdOf('i', 'INTENT_RESULT'));
    assert.equal(resultIdOf('i', 't'), 'db00fae2-50e5-5b9e-abea-11cd39f8258e');
  });

  it('is the upstream OnexEnvelopeV1', () => {
    assert.deepEqual(makeEnvelope(source, event), {
      envelope_version: '1.0',
      event_id: eventIdOf('i', 'STATE_PERSISTED'),
      event_type: 'STATE_PERSISTED',
      event_version: '1.0',
      event_timestamp: 't',
      source_node_id: 'host',
      source_service: 'omninode-bridge',
      source_version: '1.0.0',
      source_instance: 'host',
      correlation_id: null,
      causation_id: 'i',
      environment: 'test',
      region: 'local',
      partition_key: null,
      payload: { a: 1 },
      metadata: { intent_id: 'i' },
    });
  });

  it('takes what its sender says of it', () => {
    const given = { correlationId: 'c', causationId: 'x', sourceNodeId: 'n', partitionKey: 'k' };
    const { correlation_id, causation_id, source_node_id, partition_key, source_instance } = makeEnvelope(source, {
      ...event,
      ...given,
    });
    assert.deepEqual(
      [correlation_id, causation_id, source_node_id, partition_key, source_instance],
      ['c', 'x', 'n', 'k', 'host'],
    );
  });

  it('is keyed by its partition key, else its correlation id, else its source: never by nothing', () => {
    const keyOf = (given: object) => toMessage('p', makeEnvelope(source, { ...event, ...given })).key;
    const [partitionKey, correlationId, sourceNodeId] = ['k', 'c', 'n'];
    assert.deepEqual(
      [{ partitionKey, correlationId, sourceNodeId }, { correlationId, sourceNodeId }, { sourceNodeId }, {}].map(keyOf),
      ['k', 'c', 'n', 'host'],
    );
  });

  it('goes to the topic of its type, with headers to drop repeats by', () => {
    const envelope = makeEnvelope(source, { ...event, correlationId: 'c' });
    assert.deepEqual(toMessage('p', envelope), {
      topic: 'p.reducer.events.state_persisted',
      key: 'c',
      value: JSON.stringify(envelope),
      headers: { event_id: envelope.event_id, event_type: 'STATE_PERSISTED', correlation_id: 'c' },
    });
    const { headers } = toMessage('p', makeEnvelope(source, event));
    assert.deepEqual(Object.keys(headers), ['event_id', 'event_type']);
  });
});

const PINNED = {
  hash: 'dc7f74c0cfe86e2ffc924c6309b2b50f2bfedd5985c95ddf37ebd001372c7ab6',
  intent: '023bfd9e-47dd-514e-9cfa-a1a144fe9cc8',
  emitted: '21fc8a77-c568-570d-8c87-ce7f72942960',
  recovered: '816c6f89-26e9-533a-b0bc-d0bca62ff4f2',
  event: 'a3892892-0ef1-5aab-86d6-0b8addb7479b',
};

describe('ids', () => {
  // The ids are pinned. With other ids, an intent that was executed before an upgrade would be executed and announced
  // once more.
  it('are those of every version before', () => {
    const hash = payloadHash('PersistState', { b: 1, a: 2 });
    assert.equal(hash, PINNED.hash);
    assert.equal(derivedIntentId('r', 3, hash), PINNED.intent);
    assert.equal(emittedId({ intents: [1] }), PINNED.emitted);
    assert.equal(recoveredId('r', 'item'), PINNED.recovered);
    assert.equal(eventIdOf('i', 'STATE_PERSISTED'), PINNED.event);
  });

  it('do not depend on the order of keys, and depend on all else', () => {
    const hash = payloadHash('T', { a: 1, b: { c: 1, d: 2 } });
    assert.equal(payloadHash('T', { b: { d: 2, c: 1 }, a: 1 }), hash);
    assert.notEqual(payloadHash('U', { a: 1, b: { c: 1, d: 2 } }), hash);
    assert.notEqual(payloadHash('T', { a: 1, b: { c: 1, d: 3 } }), hash);
    const ids = [
      derivedIntentId('r', 1, 'h'),
      derivedIntentId('s', 1, 'h'),
      derivedIntentId('r', 2, 'h'),
      derivedIntentId('r', 1, 'i'),
      recoveredId('r', 'i'),
      recoveredId('s', 'i'),
      recoveredId('r', 'j'),
      eventIdOf('i', 'A'),
      eventIdOf('j', 'A'),
      eventIdOf('i', 'B'),
      emittedId({ a: 1 }),
      emittedId({ a: 2 }),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('OPERATION_FAILED', () => {
  const failed = (rest: object = {}): IntentResult => ({
    intent_id: 'i',
    intent_type: 'PersistFSMTransition',
    status: 'failed',
    success: false,
    error: 'why',
    error_code: 'DATABASE_ERROR',
    execution_time_ms: 0,
    timestamp: 't',
    ...rest,
  });

  it('says what failed and why, in the words of the seed contract', () => {
    assert.deepEqual(operationFailed(failed()), {
      event_type: 'OPERATION_FAILED',
      partition_key: null,
      payload: {
        intent_type: 'PERSIST_FSM_TRANSITION',
        error_code: 'DATABASE_ERROR',
        error_message: 'why',
        timestamp: 't',
      },
    });
    const { error_code: _, ...without } = failed();
    assert.equal(operationFailed(without)?.payload['error_code'], 'UNKNOWN_ERROR');
  });

  it('is not sent of a broker’s failure, to the same broker', () => {
    assert.equal(operationFailed(failed({ error_code: 'KAFKA_ERROR' })), null);
  });

  it('names types of any form', () => {
    assert.deepEqual(['SendHTTPMail2Go', 'ABCDef', 'x', 'aB1C'].map(enumName), [
      'SEND_HTTP_MAIL2_GO',
      'ABC_DEF',
      'X',
      'A_B1_C',
    ]);
  });
});
