import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { legacyTransition } from '../schema/legacy.js';
import { command, one, shuffled } from '../support.js';
import { minute, resultOf, step, useTransitions } from './transitions.js';

describe('fsm transition store', () => {
  const { database, store, insert, current, log } = useTransitions();

  it('writes the row and answers with it', async () => {
    const workflow = randomUUID();
    const [outcome] = await insert({
      ...step(workflow, 3, 1, 'COMPLETED'),
      previous_state: undefined,
      transition_record: {
        from_state: 'PROCESSING',
        trigger: 'update',
        timestamp: minute(2),
        metadata: { namespace: 'record', a: 1 },
      },
      transition_history: [{ from_state: 'X' }],
      metadata: { namespace: 'payload' },
    });
    const result = resultOf(outcome);
    const { transition_data, ...row } = await one<{ transition_data: Record<string, unknown> }>(
      database.pool,
      `SELECT entity_id, entity_type, from_state, to_state, transition_event, transition_data, transition_at
       FROM fsm_transitions WHERE id = $1`,
      [result.transition_id],
    );
    assert.deepEqual(row, {
      entity_id: workflow,
      entity_type: 'workflow_execution',
      from_state: 'PROCESSING',
      to_state: 'COMPLETED',
      transition_event: 'update',
      transition_at: new Date(minute(2)),
    });
    assert.deepEqual(transition_data['metadata'], { namespace: 'payload', a: 1 });
    assert.deepEqual(Object.keys(transition_data).sort(), ['metadata', 'timestamp', 'transition_record']);
    assert.deepEqual([result.from_state, result.to_state, result.duplicate], ['PROCESSING', 'COMPLETED', false]);
  });

  it('keeps the order of a batch per workflow, counts what has no count', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    await insert(
      step(b, null, null, 'B1'),
      step(a, null, null, 'A1'),
      step(b, null, null, 'B2'),
      step(a, null, 5, 'A2'),
    );
    assert.deepEqual(await log(a), [
      ['A1', 1, 1],
      ['A2', 1, 2],
    ]);
    assert.deepEqual(await log(b), [
      ['B1', 1, 1],
      ['B2', 1, 2],
    ]);
    assert.deepEqual(await current(b), ['B2', 1, 2]);
  });

  it('reports a duplicate, in a batch, later and after a restart, and keeps its first row', async () => {
    const workflow = randomUUID();
    const [first, again] = await insert(step(workflow, 1, 1), step(workflow, 1, 1), step(workflow, 2, 2));
    const { transition_id } = resultOf(first);
    assert.deepEqual(resultOf(again), { ...resultOf(first), duplicate: true });
    await insert(step(workflow, 1, 11), step(workflow, 2, 12));
    const late = command(step(workflow, 1, 1));
    const [duplicate] = await store().insert([late]);
    assert.deepEqual([resultOf(duplicate).duplicate, resultOf(duplicate).transition_id], [true, transition_id]);
    const [repeat] = await store().insert([{ ...late, execution_id: 'other' }]);
    assert.deepEqual(repeat, { ...duplicate, repeated: true });
    assert.deepEqual(await log(workflow), [
      ['S1', 1, 1],
      ['S2', 1, 2],
      ['S1', 2, 1],
      ['S2', 2, 2],
    ]);
    assert.deepEqual(await current(workflow), ['S2', 2, 2]);
  });

  it('moves forward only; at the same count and time the later arrival counts, and a duplicate moves nothing', async () => {
    const workflow = randomUUID();
    await insert(step(workflow, 1, 1), step(workflow, 3, 3), step(workflow, 2, 2));
    assert.deepEqual(await current(workflow), ['S3', 1, 3]);
    await insert(step(workflow, 3, 3, 'OTHER'));
    assert.deepEqual(await current(workflow), ['OTHER', 1, 3]);
    await insert(step(workflow, 3, 3));
    assert.deepEqual(await current(workflow), ['OTHER', 1, 3]);
  });

  it('gives legacy inserts and ours one count', async () => {
    const workflow = randomUUID();
    await insert(step(workflow, 1, 1));
    await legacyTransition(database.pool, workflow, 'S1', 'LEGACY', []);
    await insert(step(workflow, 3, 3));
    assert.deepEqual(await log(workflow), [
      ['S1', 1, 1],
      ['LEGACY', 1, 2],
      ['S3', 1, 3],
    ]);
    assert.deepEqual(await current(workflow), ['S3', 1, 3]);
  });

  it('counts on exactly when the first transitions of a workflow come at once', async () => {
    const workflow = randomUUID();
    await Promise.all(Array.from({ length: 20 }, (_, i) => insert(step(workflow, null, null, `P${i}`))));
    const rows = await log(workflow);
    assert.deepEqual(
      rows.map(([, , count]) => count),
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
    assert.deepEqual(await current(workflow), rows.at(-1));
  });

  it('waits for another first transition that is not committed yet, and goes on from it', async () => {
    const workflow = randomUUID();
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await legacyTransition(client, workflow, null, 'FIRST');
    const ours = insert(step(workflow, null, null, 'SECOND'));
    await delay(100);
    await client.query('COMMIT');
    client.release();
    resultOf((await ours)[0]);
    assert.deepEqual(await log(workflow), [
      ['FIRST', 1, 1],
      ['SECOND', 1, 2],
    ]);
  });

  it('fails a bad row alone', async () => {
    const workflow = randomUUID();
    const bad = { ...step(randomUUID(), 1, null), timestamp: '0000-01-01T00:00:00Z' };
    const outcomes = await insert(
      ...Array.from({ length: 40 }, (_, i) => (i === 11 ? bad : step(workflow, i + 1, null))),
    );
    assert.deepEqual(
      outcomes.flatMap(({ ok }, index) => (ok ? [] : [index])),
      [11],
    );
    assert.deepEqual(await current(workflow), ['S40', 1, 40]);
  });

  it('never deadlocks on workflows in random order', async function () {
    this.timeout(60_000);
    const workflows = Array.from({ length: 30 }, () => randomUUID());
    const batches = Array.from({ length: 40 }, () =>
      shuffled(workflows).map((workflow) => step(workflow, null, null, 'NEXT')),
    );
    const outcomes = await Promise.all(batches.map((batch) => insert(...batch)));
    assert.ok(outcomes.flat().every(({ ok }) => ok));
    for (const workflow of workflows) assert.deepEqual(await current(workflow), ['NEXT', 1, 40]);
  });
});
