/** These tests end slices before they could answer. The sweep announces their effects, and copies their envelopes. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Intent } from '../../../src/client/index.js';
import { until } from '../../../src/flow-control/until.js';
import { gatedIntent } from '../../support/gate.js';
import { persistState } from '../../support/intents.js';
import { identified, useSweeps } from '../../support/sweeps.js';

describe('SweepExecutionsWorkflow: slices', () => {
  const sweeps = useSweeps({
    once: 'an execution that is ended behind its publish is announced again by the sweep',
    intake: 'a list is parked by hand, without an execution',
  });
  const { gate, ended, sweep, eventsOf, copiesOf } = sweeps;

  it('announces the effects of a terminated slice, and copies the envelopes nobody has answered', async () => {
    const [done, early] = [identified(persistState()), identified(persistState())];
    const list = (intents: readonly Intent[]) => ({ event_id: randomUUID(), correlation_id: null, intents });
    const [answered, unanswered, parked] = [list([early]), list([done, gatedIntent(-1)]), list([gatedIntent(-2)])];
    const held = gate.close();
    const handle = await sweeps.environment.temporal.workflow.start('ExecuteSliceWorkflow', {
      args: [{ lists: [answered, unanswered, parked] }],
      taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `slice-${randomUUID()}`,
    });
    await held;
    const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
    const verdicts = async () =>
      (await sweeps.environment.pool.query<{ event_id: string }>('SELECT event_id FROM intake_verdicts')).rows.map(
        ({ event_id }) => event_id,
      );
    await until(10_000, async () => assert.deepEqual(await verdicts(), [answered.event_id]));
    await handle.terminate('a person did');
    await ended(run, 'Terminated');
    await sweeps.environment.pool.query(
      `INSERT INTO intake_parked (event_id, partition, keys, list, intents) VALUES ($1, 'p', '{}', '{}', 1)`,
      [parked.event_id],
    );

    // The announcement of the answered list may come again, under its event id.
    assert.deepEqual(await sweep(), { swept: 1, announced: 2, copied: 1, unreadable: 0, left: 0 });
    assert.equal((await sweep()).swept, 0);
    assert.deepEqual(new Set((await eventsOf([early, done])).map(({ intent }) => intent)), new Set([0, 1]));
    const [copy] = await copiesOf(unanswered);
    assert.deepEqual(copy?.intents, unanswered.intents);
    assert.match(copy.reason, /ended without an answer$/);
  });

  it('copies the envelopes of a slice that failed for good, and announces its effects', async () => {
    const state = identified(persistState());
    const list = { event_id: randomUUID(), correlation_id: null, intents: [state, gatedIntent(-1)] };
    const held = gate.close();
    const handle = await sweeps.environment.temporal.workflow.start('ExecuteSliceWorkflow', {
      args: [{ lists: [list] }],
      taskQueue: sweeps.environment.config.TEMPORAL_TASK_QUEUE,
      workflowId: `slice-${randomUUID()}`,
    });
    await held;
    // The constraint refuses each verdict, so that no other attempt gets around it.
    await sweeps.environment.pool.query('ALTER TABLE intake_verdicts ADD CONSTRAINT refuses CHECK (false) NOT VALID');
    gate.open();
    try {
      await assert.rejects(handle.result());
    } finally {
      await sweeps.environment.pool.query('ALTER TABLE intake_verdicts DROP CONSTRAINT refuses');
    }
    await ended({ workflowId: handle.workflowId, runId: handle.firstExecutionRunId }, 'Failed');
    assert.deepEqual(await copiesOf(list), []);

    // The announcement comes again under its event id, because it went before the verdict.
    assert.deepEqual(await sweep(), { swept: 1, announced: 1, copied: 1, unreadable: 0, left: 0 });
    assert.equal((await sweep()).swept, 0);
    const copies = await copiesOf(list);
    assert.deepEqual(
      copies.map(({ intents }) => intents),
      [list.intents],
    );
    assert.match(copies[0]?.reason ?? '', /ended without an answer$/);
  });
});
