/** These tests cancel lists on the real server. What happened is reported as it is, and the rest as skipped. */
import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import type { Report } from '../../../src/domain/execution/report.js';
import { EffectError } from '../../../src/domain/failures/failure.js';
import type { SliceList } from '../../../src/domain/intake/list.js';
import { until } from '../../../src/flow-control/until.js';
import type { Progress } from '../../../workflows/execution/progress.js';
import { cancelHeld, useGate, gatedIntent } from '../../support/gate.js';
import { useMemoryWorker, type Execution, listOf } from '../../support/memory-worker.js';
import { persistState, publishEvent, recoverFsmStates } from '../../support/intents.js';

describe('cancelled executions', () => {
  const gate = useGate();
  const used = useMemoryWorker([gate.effect]);

  const verdictOf = ({ event_id }: SliceList) => used.worker.memory.verdicts.get(event_id);
  const reportOf = (execution: Execution): Promise<Report> => execution.query<Report>('report');
  const callsOf = (port: string) => used.worker.memory.calls.filter((call) => call === port).length;
  const statusesOf = ({ results }: Pick<Report, 'results'>) => results.map(({ status }) => status);

  for (const [what, intent, activity, carriedOut] of [
    ['a row', persistState(), 'persistStates', () => used.worker.memory.effects.length],
    ['an event', publishEvent(), 'publishEvents', () => used.worker.memory.eventsOf('AGGREGATION_STARTED').length],
    ['a page of states', recoverFsmStates(), 'recoverFsmStates', () => callsOf('fsmStates.recover')],
  ] as const) {
    it(`wait for ${what} on its way, and tell what came of it`, async () => {
      const begun = gate.close();
      used.worker.instead.set(activity, async (input, real) => {
        await gate.pass();
        return real(input);
      });
      const execution = await used.worker.start('ExecuteIntentsWorkflow', [{ intents: [intent] }]);
      await begun;
      await used.worker.cancel(execution);
      gate.open();
      await Promise.allSettled([execution.result()]);
      assert.deepEqual([statusesOf(await reportOf(execution)), carriedOut()], [['succeeded'], 1]);
    });
  }

  it('report of a list what was done and what was not', async () => {
    const held = gate.close();
    const intents = [persistState({}, { priority: 5 }), gatedIntent(1), persistState({}, { priority: 0 })];
    const execution = await used.worker.start('ExecuteIntentsWorkflow', [{ intents }]);
    await cancelHeld(used.worker, gate, held, execution);
    const report = await reportOf(execution);
    assert.deepEqual([report.outcome, statusesOf(report)], ['cancelled', ['succeeded', 'succeeded', 'skipped']]);
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 1);
  });

  it('still ask the store about a batch that fails for good after the cancellation', async () => {
    for (const slice of [false, true]) {
      used.worker.reset();
      // The store lets the batch wait, and then fails it as invalid.
      let entered: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => (entered = resolve));
      let refuse: () => void = () => undefined;
      used.worker.memory.before.set('bridgeStates.persist', () => {
        entered();
        // Only this call fails: the intents of the batch can be resolved.
        used.worker.memory.before.clear();
        return new Promise((_, reject) => {
          refuse = () => {
            reject(new EffectError('invalid', 'refused'));
          };
        });
      });
      const given = listOf(persistState(), publishEvent());
      const execution = slice
        ? await used.worker.start('ExecuteSliceWorkflow', [{ lists: [given] }])
        : await used.worker.start('ExecuteIntentsWorkflow', [{ intents: given.intents }]);
      await begun;
      await used.worker.cancel(execution);
      refuse();
      await assert.rejects(execution.result());
      const { outcome, results } = slice ? verdictOf(given)! : await reportOf(execution);
      assert.equal(outcome, 'cancelled');
      assert.deepEqual(
        results.map(({ status, error }) => [status, error]),
        [
          ['failed', 'refused'],
          ['skipped', 'skipped: the execution was cancelled'],
        ],
      );
      assert.equal(used.worker.memory.eventsOf('OPERATION_FAILED').length, 1);
    }
  });

  it('wait for a batch that runs beside one that is between two attempts, and tell what came of it', async () => {
    let attempts = 0;
    used.worker.instead.set('publishEvents', (input, real) => {
      attempts += 1;
      // A later call publishes the announcement of the row, and succeeds.
      if (attempts > 1) return real(input);
      throw ApplicationFailure.create({ message: 'lost', nextRetryDelay: '1 hour' });
    });
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    used.worker.memory.before.set('bridgeStates.persist', () => released);
    const together = { priority: 1 };
    const intents = [persistState({}, together), publishEvent({}, together)];
    const execution = await used.worker.start('ExecuteIntentsWorkflow', [{ intents }]);
    try {
      await until(20_000, async () => {
        const { pendingActivities } = (await execution.describe()).raw;
        assert.deepEqual(pendingActivities?.map(({ attempt }) => attempt).sort(), [1, 2]);
        assert.ok(used.worker.memory.calls.includes('bridgeStates.persist'));
      });
      await execution.cancel();
      // The batch that waits for its next attempt is given up at once.
      await until(20_000, async () => {
        const { settled, failed } = await execution.query<Progress>('progress');
        assert.ok(settled > 0 && failed > 0);
      });
    } finally {
      release();
    }
    await assert.rejects(execution.result());
    const report = await reportOf(execution);
    assert.deepEqual([report.outcome, statusesOf(report)], ['cancelled', ['succeeded', 'unknown']]);
    assert.equal(used.worker.memory.effects.length, 1);
    assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 1);
  });

  for (const [type, intent, activity, status] of [
    ['a row', persistState(), 'persistStates', 'succeeded'],
    ['an event', publishEvent(), 'publishEvents', 'succeeded'],
    ['a row that was not written', persistState(), 'persistStates', 'failed'],
    ['an event that was not sent', publishEvent(), 'publishEvents', 'unknown'],
  ] as const) {
    it(`between two attempts tell the truth of ${type}`, async () => {
      let attempts = 0;
      used.worker.instead.set(activity, async (input, real) => {
        attempts += 1;
        if (attempts > 1) return real(input);
        // The first attempt fails: its answer is lost after the effect, or its store was unavailable.
        if (status === 'succeeded') await real(input);
        throw ApplicationFailure.create({ message: 'lost', nextRetryDelay: '1 hour' });
      });
      const execution = await used.worker.start('ExecuteIntentsWorkflow', [{ intents: [intent] }]);
      await until(20_000, async () => {
        const { pendingActivities } = (await execution.describe()).raw;
        assert.equal(pendingActivities?.[0]?.attempt, 2);
      });
      await execution.cancel();
      await assert.rejects(execution.result());
      const report = await reportOf(execution);
      assert.deepEqual([report.outcome, statusesOf(report)], ['cancelled', [status]]);
      if (activity === 'persistStates' && status === 'succeeded') {
        assert.equal(used.worker.memory.eventsOf('STATE_PERSISTED').length, 1);
      }
    });
  }
});
