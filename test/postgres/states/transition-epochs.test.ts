import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { PersistFsmTransitionPayload } from '../../../src/domain/intents/persist-fsm-transition/schema.js';
import { one, shuffled } from '../support.js';
import { step, useTransitions } from './transitions.js';

describe('epochs of transitions', () => {
  const { database, insert, current, log } = useTransitions();

  it('begins an epoch when the count restarts with a newer time, and counts late ones before it', async () => {
    const workflow = randomUUID();
    await insert(
      step(workflow, 1, 1),
      step(workflow, 2, 2),
      step(workflow, 1, 11),
      step(workflow, 4, 4),
      step(workflow, 3, 3),
      step(workflow, 2, 12),
    );
    assert.deepEqual(await log(workflow), [
      ['S1', 1, 1],
      ['S2', 1, 2],
      ['S1', 2, 1],
      ['S4', 1, 4],
      ['S3', 1, 3],
      ['S2', 2, 2],
    ]);
    assert.deepEqual(await current(workflow), ['S2', 2, 2]);
  });

  it('begins the first epoch at no known time: a higher count continues, and a lower one is late', async () => {
    const workflow = randomUUID();
    await insert(step(workflow, 1, 11), step(workflow, 4, 4), step(workflow, 3, 2));
    assert.deepEqual(await current(workflow), ['S4', 1, 4]);
    // The next epoch begins at a time. What is from before all that is known belongs to the first one.
    await insert(step(workflow, 1, 21), step(workflow, 5, 1));
    assert.deepEqual(await current(workflow), ['S1', 2, 1]);
    assert.deepEqual((await log(workflow)).slice(1), [
      ['S4', 1, 4],
      ['S3', 1, 3],
      ['S1', 2, 1],
      ['S5', 1, 5],
    ]);
  });

  it('ends in the same state and epochs in whatever order one epoch arrives', async () => {
    for (let round = 0; round < 20; round += 1) {
      const workflow = randomUUID();
      const history = shuffled(Array.from({ length: 12 }, (_, i) => step(workflow, i + 1, i)));
      const cut = Math.floor(Math.random() * 12);
      await insert(...history.slice(0, cut));
      await insert(...history.slice(cut));
      assert.deepEqual(
        await one(
          database.pool,
          'SELECT current_state, previous_state, epoch, transition_count, epoch_started_at FROM fsm_states WHERE workflow_id = $1',
          [workflow],
        ),
        {
          current_state: 'S12',
          previous_state: 'S11',
          epoch: 1,
          transition_count: 12,
          epoch_started_at: null,
        },
      );
      assert.ok((await log(workflow)).every(([, epoch]) => epoch === 1));
    }
  });

  it('ends in the same state and epochs when three epochs arrive out of order, each after the top of the one before', async () => {
    for (let round = 0; round < 20; round += 1) {
      const workflow = randomUUID();
      const arrivals: PersistFsmTransitionPayload[] = [];
      const stragglers: PersistFsmTransitionPayload[] = [];
      // Epoch e has counts 1 to 6 at minutes 100 e + count. Counts below 6 arrive during their epoch or at the very
      // end.
      for (const epoch of [0, 1, 2]) {
        const steps = Array.from({ length: 6 }, (_, i) => step(workflow, i + 1, 100 * epoch + i + 1));
        const order = shuffled(steps);
        // An epoch that began with its top would begin with a duplicate of the current transition.
        if (order[0]?.transition_count === 6) order.reverse();
        const late = shuffled(order.slice(1).filter(({ transition_count: count }) => count !== 6)).slice(0, 2);
        arrivals.push(...order.filter((one) => !late.includes(one)));
        stragglers.push(...late);
      }
      await insert(...arrivals, ...shuffled(stragglers));
      assert.deepEqual(await current(workflow), ['S6', 3, 6]);
      const places = (await log(workflow)).map(([, epoch, count]) => `${epoch}/${count}`).sort();
      assert.deepEqual(
        places,
        [1, 2, 3].flatMap((e) => [1, 2, 3, 4, 5, 6].map((c) => `${e}/${c}`)),
      );
    }
  });
});
