/** These tests refuse the login of calls, and look at who says so, how often, and in which words. */
import assert from 'node:assert/strict';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { EventPublisher } from '../../src/domain/events/publisher.js';
import type { Store } from '../../src/domain/failures/store.js';
import { isRefusedLogin } from '../../src/domain/failures/failure-table.js';
import { watchedPublisher, runnerInWords, temporalInWords } from '../../src/intake/refused-logins.js';
import type { SliceRunner } from '../../src/intake/slice-runner.js';

const MESSAGE = { topic: 't', key: 'k', value: 'v', headers: {} };

describe('refused logins of an intake', () => {
  const said: Store[] = [];
  const isRefused = (store: Store, error: unknown): boolean => {
    if (!isRefusedLogin(error)) return false;
    said.push(store);
    return true;
  };
  beforeEach(() => void said.splice(0));

  const grpc = (code: number) => Object.assign(new Error('from the server'), { code, details: 'from the server' });
  const sentence = new EffectError('unavailable', 'Temporal: it refuses the key', {
    cause: grpc(16),
    store: 'temporal',
  });
  const failing = (error: Error): SliceRunner => ({
    start: () => Promise.reject(error),
    ended: () => Promise.reject(error),
  });
  const refusing = (error: Error, refusal?: Error) => {
    const refusalOr = (given: unknown) => (given === error && isRefusedLogin(given) ? sentence : given);
    return runnerInWords(
      failing(error),
      temporalInWords(isRefused, refusalOr, () => refusal),
    );
  };

  it('to Temporal are said for each call, and thrown as the sentence', async () => {
    const runner = refusing(grpc(16));
    await assert.rejects(runner.start('p', [], 'hash'), sentence);
    await assert.rejects(runner.ended('p'), sentence);
    assert.deepEqual(said, ['temporal', 'temporal']);
  });

  it('to Temporal are what a call without an answer fails with, while the server is known to refuse us', async () => {
    const away = grpc(14);
    await assert.rejects(refusing(away, sentence).start('p', [], 'hash'), sentence);
    await assert.rejects(refusing(away).start('p', [], 'hash'), away);
    assert.deepEqual(said, []);
  });

  it('to Temporal hide no refusal of what is sent', async () => {
    const tooLarge = new RangeError('expected at most 2000000 bytes of JSON');
    await assert.rejects(refusing(tooLarge, sentence).start('p', [], 'hash'), tooLarge);
  });

  it('to Kafka are said once for all messages of a call', async () => {
    const refused = Object.assign(new Error('refused'), { type: 'SASL_AUTHENTICATION_FAILED' });
    const outcome = { sent: false, error: new EffectError('unavailable', 'no login', { cause: refused }) } as const;
    const publisher: EventPublisher = { publish: (messages) => Promise.resolve(messages.map(() => outcome)) };
    const outcomes = await watchedPublisher(publisher, isRefused).publish([MESSAGE, MESSAGE]);
    assert.deepEqual([outcomes, said], [[outcome, outcome], ['kafka']]);
  });
});
