/**
 * These tests check the reply to an intent whose id has had an effect, and the result of an intent without an effect.
 */
import assert from 'node:assert/strict';
import { isFailureClass } from '../../../src/domain/failures/failure.js';
import { repeatOf } from '../../../src/domain/ledger/repeat.js';
import { withoutEffect } from '../../../src/domain/execution/without-effect.js';

const [first, second] = ['a'.repeat(64), 'b'.repeat(64)];
const winner = { payload_hash: first, execution_id: 'w/r', settled_at: 'then' };
const command = (payload_hash: string) => ({
  intent_id: 'i',
  payload_hash,
  execution_id: 'w/s',
  correlation_id: 'c',
  order_key: 'k',
  payload: {},
});

describe('a repeated intent id', () => {
  it('gets the stored result when the payload is the same', () => {
    assert.deepEqual(repeatOf(command(first), winner, { answer: 1 }, true), {
      ok: true,
      result: { answer: 1 },
      settled_at: 'then',
      repeated: true,
    });
  });

  it('is refused with both payloads, the time and the execution when the payload is another', () => {
    const before = new Date().toISOString();
    const { settled_at, ...told } = repeatOf(command(second), winner, { answer: 1 }, true);
    assert.deepEqual(told, {
      ok: false,
      error:
        'intent_id: i was already executed with another payload (sha256 aaaaaaaaaaaa at then by w/r, bbbbbbbbbbbb now)',
    });
    assert.ok(settled_at >= before, 'it is told now');
  });
});

describe('a result without an effect', () => {
  const failed = { status: 'failed', error: 'why', errorCode: 'KAFKA_ERROR', timestamp: 'now' } as const;
  const result = {
    intent_id: 'i',
    intent_type: 'PublishEvent',
    status: 'failed',
    success: false,
    error: 'why',
    error_code: 'KAFKA_ERROR',
    execution_time_ms: 0,
    timestamp: 'now',
  };

  it('names the failure class where a store failed, and none elsewhere', () => {
    const intent = { id: 'i', type: 'PublishEvent' };
    assert.deepEqual(withoutEffect(intent, failed), result);
    const unavailable = withoutEffect(intent, { ...failed, failureClass: 'unavailable' });
    assert.deepEqual(unavailable, { ...result, failure_class: 'unavailable' });
  });
});

describe('a failure class', () => {
  it('is one of four words', () => {
    const words = ['invalid', 'transient', 'unavailable', 'unknown', 'fatal', '', undefined, 1];
    assert.deepEqual(words.filter(isFailureClass), ['invalid', 'transient', 'unavailable', 'unknown']);
  });
});
