import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { z } from 'zod';
import { toActivity } from '../../../activities/execution/batch-activity.js';
import { defineEffect } from '../../../activities/effects/effect.js';
import type { Ports } from '../../../activities/ports.js';
import { listSource } from '../../../activities/execution/batch-source.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import { HEARTBEAT_MS } from '../../../src/domain/time-outs.js';
import type { BatchOutput, FailingSince } from '../../../src/domain/execution/batch.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { noteOf } from '../../support/note.js';
import { QUIET } from '../../support/quiet.js';

const definition = noteOf(z.looseObject({ text: z.string() }));
const item = (text: unknown) => ({
  intent_id: `id-${String(text)}`,
  intent: { intent_type: 'Note', target: 'store_effect', payload: { text } },
});

describe('the activity boundary', () => {
  const ended: string[] = [];
  const heartbeats: unknown[] = [];
  const run = (
    execute: (texts: string[]) => void | Promise<void>,
    texts: unknown[],
    failedBefore = 0,
    budget = new OutageBudget(),
    failing_since: FailingSince = {},
  ): Promise<BatchOutput> => {
    const effect = defineEffect(definition, () => async ({ commands }) => {
      await execute(commands.map(({ payload }) => payload.text));
      return commands.map(() => ({ ok: true as const, result: {}, settled_at: 'then', repeated: false }));
    });
    const instruments = {
      ended: (type: string, status: string) => void ended.push(`${type} ${status}`),
      conflicted: () => undefined,
    };
    const input = { correlation_id: 'c', page_bytes: 1_000, items: texts.map(item), failing_since };
    const activity = toActivity(effect, {} as Ports, {
      instruments,
      budget,
      findSource: () => Promise.resolve(listSource(input)),
    });
    const heartbeatDetails = { 'DATABASE_ERROR/unknown': failedBefore, 'DATABASE_ERROR/unavailable': 40 };
    const environment = new MockActivityEnvironment({ attempt: 41 + failedBefore, heartbeatDetails }, QUIET);
    environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
    return environment.run<Parameters<typeof activity>, BatchOutput, typeof activity>(activity, input);
  };
  beforeEach(() => {
    ended.splice(0);
    heartbeats.splice(0);
  });

  it('records what today’s schema refuses, beside what it takes', async () => {
    const carried: string[] = [];
    const { results, announce } = await run((texts) => void carried.push(...texts), ['a', 7, 'b']);
    assert.deepEqual(carried, ['a', 'b']);
    assert.deepEqual(
      results.map((result) =>
        typeof result === 'object' ? [result?.intent_id, result?.status, result?.error] : result,
      ),
      [
        ['id-a', 'succeeded', null],
        ['id-7', 'failed', 'payload.text: expected a string, got number 7'],
        ['id-b', 'succeeded', null],
      ],
    );
    assert.deepEqual(
      announce.map((event) => (typeof event === 'object' ? [event.event_type, event.intent_id] : event)),
      [['OPERATION_FAILED', 'id-7']],
    );
    assert.deepEqual(ended, ['Note succeeded', 'Note failed', 'Note succeeded']);
  });

  it('counts a batch as failed when it is given up, not while it is retried', async () => {
    const failing = (): never => {
      throw new EffectError('unknown', 'no idea');
    };
    await assert.rejects(
      run(failing, ['a', 'b'], 0),
      (e: unknown) => e instanceof ApplicationFailure && e.nonRetryable !== true,
    );
    assert.deepEqual(ended, []);
    await assert.rejects(
      run(failing, ['a', 'b'], 2),
      (e: unknown) => e instanceof ApplicationFailure && e.nonRetryable === true,
    );
    assert.deepEqual(ended, ['Note failed', 'Note failed']);
  });

  it('waits for no store again that an earlier batch of the execution has waited for', async () => {
    const budget = new OutageBudget(60_000, () => 100_000);
    const away = (): never => {
      throw new EffectError('unavailable', 'away');
    };
    await assert.rejects(run(away, ['a'], 0, budget), { type: 'unavailable', nonRetryable: false });
    const known = { DATABASE_ERROR: 40_000 };
    await assert.rejects(run(away, ['a'], 0, budget, known), {
      nonRetryable: true,
      details: ['DATABASE_ERROR', 40_000],
    });
    await assert.rejects(run(away, ['a'], 0, budget, { KAFKA_ERROR: 40_000 }), { nonRetryable: false });
    await run(() => undefined, ['a'], 0, budget, known);
  });

  it('says that it is alive while an effect takes long, and keeps what earlier attempts have spent', async () => {
    await run(() => undefined, ['a'], 1);
    assert.deepEqual(heartbeats, []);
    await run(() => sleep(HEARTBEAT_MS + 100), ['a'], 1, new OutageBudget(undefined, () => 7));
    const spent = { 'DATABASE_ERROR/unknown': 1, 'DATABASE_ERROR/unavailable': 40, 'DATABASE_ERROR since': 7 };
    assert.deepEqual(heartbeats, [spent]);
  });
});
