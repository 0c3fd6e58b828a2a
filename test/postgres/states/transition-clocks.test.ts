import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { PersistFsmTransitionPayload } from '../../../src/domain/intents/persist-fsm-transition/schema.js';
import { checkStates } from '../../../src/postgres/states/state-check.js';
import { legacyTransition } from '../schema/legacy.js';
import { resultOf, useTransitions } from './transitions.js';

const HOUR = 3_600_000;
const FAULTLESS = { missing: 0, differs: 0, orphaned: 0 };

/** Returns a transition from state S<count - 1> to S<count>, or to another one, at a time in milliseconds. */
const step = (workflow: string, count: number, ms: number, to = `S${count}`): PersistFsmTransitionPayload => ({
  workflow_id: workflow,
  current_state: to,
  previous_state: count === 1 ? null : `S${count - 1}`,
  transition_count: count,
  timestamp: new Date(Date.UTC(2026, 10, 26, 10) + ms).toISOString(),
});

/** Returns the transitions of a workflow from count 1, one for each time. */
const life = (workflow: string, ...times: readonly number[]) => times.map((ms, index) => step(workflow, index + 1, ms));

describe('transitions by clocks that differ', () => {
  const { database, insert, current, log } = useTransitions();
  const faults = async () => (await checkStates(database.pool, { fix: false })).faults;

  it('go on with the count when the first transition has the later time, in either order of arrival', async () => {
    for (const ahead of [500, 3_000]) {
      for (const backwards of [false, true]) {
        for (const together of [false, true]) {
          const workflow = randomUUID();
          const arrivals = life(workflow, ahead, 0);
          if (backwards) arrivals.reverse();
          for (const batch of together ? [arrivals] : arrivals.map((one) => [one])) await insert(...batch);
          const way = JSON.stringify({ ahead, backwards, together });
          assert.deepEqual(await current(workflow), ['S2', 1, 2], way);
          assert.deepEqual(
            (await log(workflow)).sort(),
            [
              ['S1', 1, 1],
              ['S2', 1, 2],
            ],
            way,
          );
        }
      }
    }
    assert.deepEqual(await faults(), FAULTLESS);
  });

  it('take a repeat of the first transition, which has the later time, for a duplicate', async () => {
    const workflow = randomUUID();
    const both = life(workflow, 3_000, 1_000);
    await insert(...both);
    const again = await insert(...both);
    assert.deepEqual(
      again.map((outcome) => resultOf(outcome).duplicate),
      [true, true],
    );
    assert.deepEqual(await current(workflow), ['S2', 1, 2]);
  });

  it('end at the highest count, whatever their order, their repeats and 3 s of skew', async () => {
    const skew = fc.integer({ min: -3_000, max: 3_000 });
    // Each transition arrives once or twice, in the order of these numbers.
    const delivered = fc.record({ skew, turn: fc.nat(99), again: fc.option(fc.nat(99)) });
    const oneEpoch = fc.record({
      transitions: fc.array(delivered, { minLength: 1, maxLength: 6 }),
      spacing: fc.nat(500),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(oneEpoch, { minLength: 6, maxLength: 6 }), async (lives) => {
        await Promise.all(
          lives.map(async ({ transitions, spacing }) => {
            const workflow = randomUUID();
            const steps = transitions.map(({ skew, turn, again }, index) => ({
              payload: step(workflow, index + 1, index * spacing + skew),
              turns: again === null ? [turn] : [turn, again],
            }));
            const arrivals = steps.flatMap(({ payload, turns }) => turns.map((turn) => ({ payload, turn })));
            arrivals.sort((one, other) => one.turn - other.turn);
            for (const { payload } of arrivals) await insert(payload);
            assert.deepEqual(await current(workflow), [`S${steps.length}`, 1, steps.length]);
            assert.deepEqual(
              (await log(workflow)).map(([state]) => state).sort(),
              steps.map(({ payload }) => payload.current_state),
            );
          }),
        );
      }),
      { numRuns: 30 },
    );
    assert.deepEqual(await faults(), FAULTLESS);
  }).timeout(60_000);

  it('continue a count that has started again, from its state, whatever the clock says', async () => {
    const workflow = randomUUID();
    await insert(...life(workflow, 0, 1_000, 2_000));
    await insert(...life(workflow, 60_000, -HOUR, 61_000));
    assert.deepEqual(await current(workflow), ['S3', 2, 3]);
    assert.deepEqual((await log(workflow)).slice(3), [
      ['S1', 2, 1],
      ['S2', 2, 2],
      ['S3', 2, 3],
    ]);
  });

  it('do not move a later epoch by what an earlier one repeats, or by what does not follow its state', async () => {
    const workflow = randomUUID();
    const first = life(workflow, 0, 1_000, 2_000, 3_000);
    await insert(...first.slice(0, 3), step(workflow, 1, 60_000));
    const again = await insert(...first.slice(0, 3));
    assert.ok(again.every((outcome) => resultOf(outcome).duplicate));
    assert.deepEqual(await current(workflow), ['S1', 2, 1]);
    // Count 4 comes after 3, and 2 from another state than that of count 1.
    await insert(...first.slice(3), { ...step(workflow, 2, 1_500, 'OTHER'), previous_state: 'ELSE' });
    assert.deepEqual(await current(workflow), ['S1', 2, 1]);
    assert.deepEqual((await log(workflow)).slice(4), [
      ['S4', 1, 4],
      ['OTHER', 1, 2],
    ]);
  });

  it('keep above the current transition nothing that does not move the state', async () => {
    const workflow = randomUUID();
    await insert(...life(workflow, 0, 1_000), step(workflow, 1, 60_000), step(workflow, 2, 57_000));
    await insert(step(workflow, 2, 58_000, 'OTHER'));
    assert.deepEqual(await current(workflow), ['S2', 2, 2]);
    assert.deepEqual((await log(workflow)).at(-1), ['OTHER', 1, 2]);
    assert.deepEqual(await faults(), FAULTLESS);
  });

  it('are duplicates when the current one comes again with the time of another attempt', async () => {
    for (const counts of [1, 3]) {
      const workflow = randomUUID();
      const times = [0, 1_000, 2_000].slice(0, counts);
      const first = await insert(...life(workflow, ...times));
      const last = resultOf(first.at(-1));
      const again = await insert(...[1, HOUR, 24 * HOUR].map((later) => step(workflow, counts, 2_000 + later)));
      assert.deepEqual(
        again.map(resultOf),
        Array.from({ length: 3 }, () => ({ ...last, duplicate: true })),
      );
      assert.deepEqual(await current(workflow), [`S${counts}`, 1, counts]);
      const { rows } = await database.pool.query(
        'SELECT transition_at = last_transition_at AS same FROM fsm_states JOIN fsm_transitions USING (sequence) WHERE workflow_id = $1',
        [workflow],
      );
      assert.deepEqual(rows, [{ same: true }], 'the state keeps its time');
      // The next one goes on in the same epoch. Another state at the count is a restart, and so is a lower count.
      await insert(step(workflow, counts + 1, 3_000));
      assert.deepEqual(await current(workflow), [`S${counts + 1}`, 1, counts + 1]);
      await insert(step(workflow, counts + 1, HOUR, 'OTHER'));
      assert.deepEqual(await current(workflow), ['OTHER', 2, counts + 1]);
      await insert(step(workflow, counts, 2 * HOUR));
      assert.deepEqual(await current(workflow), [`S${counts}`, 3, counts]);
    }
    assert.deepEqual(await faults(), FAULTLESS);
  });

  it('begin an epoch with a count that is there already, or with one that comes later than clocks differ', async () => {
    const [repeated, later] = [randomUUID(), randomUUID()];
    await insert(...life(repeated, 0, 1_000), step(repeated, 1, 1_001));
    assert.deepEqual(await current(repeated), ['S1', 2, 1]);
    await insert(step(later, 3, 0), step(later, 1, 10_000));
    assert.deepEqual(await current(later), ['S3', 1, 3]);
    await insert(step(later, 2, 10_001));
    assert.deepEqual(await current(later), ['S2', 2, 2]);
    // The counts of legacy transitions are given by their arrival, and are there as well.
    const legacy = randomUUID();
    for (const [from, to] of [
      [null, 'L1'],
      ['L1', 'L2'],
    ] as const) {
      await legacyTransition(database.pool, legacy, from, to, []);
    }
    await insert({ ...step(legacy, 1, 0), timestamp: new Date(Date.now() + 1_000).toISOString() });
    assert.deepEqual(await current(legacy), ['S1', 2, 1]);
  });
});
