import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineEffect } from '../../../activities/effects/effect.js';
import { HEARTBEAT_MS } from '../../../src/domain/time-outs.js';
import { builtinEffects } from '../../../activities/index.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { Intent } from '../../../src/client/index.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { noteOf } from '../../support/note.js';

/** The failures of the next attempts, in order; then they succeed. No real store can be made to fail like this. */
const ahead: FailureClass[] = [];
/** Milliseconds the next attempt takes. */
let takes = 0;

const note = defineEffect(noteOf(z.looseObject({})), () => async ({ commands }) => {
  await sleep(takes);
  takes = 0;
  const failureClass = ahead.shift();
  if (failureClass !== undefined) throw new EffectError(failureClass, `on command: ${failureClass}`);
  const settled_at = new Date().toISOString();
  return commands.map(() => ({ ok: true as const, result: {}, settled_at, repeated: false }));
});

describe('budgets of failure classes', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ effects: [...builtinEffects, note] });
  });
  after(() => environment.close());

  const execute = (...classes: FailureClass[]) => {
    ahead.splice(0, Infinity, ...classes);
    const intent = { intent_type: 'Note', target: 'store_effect', payload: {} } as unknown as Intent;
    return environment.client.executeIntents([intent]);
  };

  it('counts each class for itself: an outage does not use up the attempts of what comes after it', async () => {
    const report = await execute('unavailable', 'unavailable', 'unknown', 'unknown');
    assert.equal(report.outcome, 'completed', JSON.stringify(report.results));
    assert.deepEqual(ahead, []);
  });

  it('gives an unknown failure three attempts', async () => {
    const report = await execute('unknown', 'unknown', 'unknown', 'unknown');
    assert.deepEqual(
      report.results.map(({ status, error }) => [status, error]),
      [['failed', 'on command: unknown']],
    );
    assert.deepEqual(ahead, ['unknown']);
  });

  // The SDK holds a heartbeat back for a while after another was sent. The count of failures is sent as a heartbeat
  // too.
  it('counts on when an attempt fails soon after a heartbeat', async () => {
    takes = HEARTBEAT_MS + 500;
    const report = await execute('unknown', 'unknown', 'unknown', 'unknown');
    assert.equal(report.outcome, 'partial', JSON.stringify(report.results));
    assert.deepEqual(ahead, ['unknown']);
  });
});
