/**
 * These tests check what an activity makes of locked commands. A started list tries again, and a list of the intake is
 * left out to be parked.
 */
import assert from 'node:assert/strict';
import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { z } from 'zod';
import { toActivity } from '../../../activities/execution/batch-activity.js';
import { defineEffect } from '../../../activities/effects/effect.js';
import type { Ports } from '../../../activities/ports.js';
import { listSource } from '../../../activities/execution/batch-source.js';
import { OutageBudget } from '../../../activities/attempts/outage-budget.js';
import type { BatchOutput } from '../../../src/domain/execution/batch.js';
import type { LockWait } from '../../../src/domain/intents/command.js';
import { noteOf } from '../../support/note.js';
import { QUIET } from '../../support/quiet.js';

const MINUTE = 60_000;
const definition = noteOf(z.looseObject({ text: z.string() }));

describe('locked replies', () => {
  const ended: string[] = [];
  const asked: LockWait[] = [];
  let now = 0;
  const run = (texts: readonly string[], heartbeatDetails: object = {}, locks?: LockWait): Promise<BatchOutput> => {
    const effect = defineEffect(definition, () => (batch) => {
      asked.push(batch.locks);
      return Promise.resolve(
        batch.commands.map(({ payload }) =>
          payload.text === 'locked'
            ? { ok: false as const, locked: true as const, error: 'locked', settled_at: 'then' }
            : { ok: true as const, result: {}, settled_at: 'then', repeated: false },
        ),
      );
    });
    const items = texts.map((text) => ({
      intent_id: `id-${text}`,
      intent: { intent_type: 'Note', target: 'store_effect', payload: { text } },
    }));
    const input = { correlation_id: 'c', page_bytes: 1_000, items, ...(locks === undefined ? {} : { locks }) };
    const activity = toActivity(effect, {} as Ports, {
      instruments: { conflicted: () => undefined, ended: (_type, status) => void ended.push(status) },
      budget: new OutageBudget(15 * MINUTE, () => now),
      findSource: () => Promise.resolve(listSource(input)),
    });
    const environment = new MockActivityEnvironment({ attempt: 1, heartbeatDetails }, QUIET);
    return environment.run<Parameters<typeof activity>, BatchOutput, typeof activity>(activity, input);
  };
  beforeEach(() => {
    ended.splice(0);
    asked.splice(0);
    now = 60 * MINUTE;
  });
  const failureOf = async (made: Promise<BatchOutput>): Promise<ApplicationFailure> =>
    made.then(
      () => assert.fail('it succeeded'),
      (error: unknown) => error as ApplicationFailure,
    );

  it('of a started list fail its attempt, which counts nothing; the next one waits in Temporal', async () => {
    const failure = await failureOf(run(['a', 'locked', 'b']));
    assert.deepEqual(
      [failure.type, failure.nonRetryable, failure.message],
      ['transient', false, 'another transaction has locked the rows of 1 of 3 intents'],
    );
    assert.deepEqual(failure.details?.[0], 'DATABASE_ERROR');
    assert.deepEqual(ended, []);
    const spent = { 'DATABASE_ERROR/transient': 1, 'DATABASE_ERROR since': now };
    assert.equal((await failureOf(run(['locked'], spent))).nonRetryable, false);
    assert.deepEqual(asked, ['patient', 'probe']);
  });

  it('of a started list are waited for as long as the outage budget lasts', async () => {
    const spentSince = (minutes: number) => ({
      'DATABASE_ERROR/transient': 30,
      'DATABASE_ERROR since': now - minutes * MINUTE,
    });
    assert.equal((await failureOf(run(['locked'], spentSince(14)))).nonRetryable, false);
    assert.equal((await failureOf(run(['locked'], spentSince(15)))).nonRetryable, true);
  });

  it('of a slice leave the intents out, however long the store has failed', async () => {
    const spent = { 'DATABASE_ERROR/transient': 30, 'DATABASE_ERROR since': 0 };
    for (const locks of ['park', 'probe'] as const) {
      const { results } = await run(['a', 'locked'], spent, locks);
      assert.deepEqual(
        results.map((result) => (typeof result === 'object' ? (result?.status ?? null) : result)),
        ['succeeded', null],
      );
    }
    assert.deepEqual(asked, ['park', 'probe']);
    assert.deepEqual(ended, ['succeeded', 'succeeded']);
  });
});
