/**
 * These tests check the parts of a swept execution, and the copies of a swept slice. They are larger than what a test
 * could leave behind on a server.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { executionId } from '../../../src/domain/sweep/port.js';
import type { Unannounced } from '../../../src/domain/sweep/sweep.js';
import type { SliceList, Verdict } from '../../../src/domain/intake/list.js';
import { EXECUTION, memoryActivities, type MemoryActivities } from '../../support/memory-activities.js';
import { memoryPorts } from '../../support/memory-ports.js';
import { persistState } from '../../support/intents.js';
import { rejectionOf } from '../../support/rejected.js';

const states = (count: number) => Array.from({ length: count }, () => ({ ...persistState(), intent_id: randomUUID() }));
const list = (...intents: unknown[]): SliceList => ({ event_id: randomUUID(), correlation_id: 'of the list', intents });

describe('sweeping an execution', () => {
  let input: unknown;
  let worker: MemoryActivities;
  beforeEach(() => {
    worker = memoryActivities(
      memoryPorts({ endedExecutions: { input: () => Promise.resolve({ value: input }) } as never }),
    );
  });

  /** Adds the ledger's row of each intent that an execution has executed. */
  const carriedOut = (intents: ReturnType<typeof states>, by = EXECUTION): void => {
    for (const { intent_id, payload } of intents) {
      const { aggregation_id } = payload;
      worker.ledger.set(intent_id, {
        intent_id,
        intent_type: 'PersistState',
        payload_hash: '',
        execution_id: executionId(by),
        settled_at: '2026-01-01T00:00:00Z',
        result: { aggregation_id, namespaces_persisted: ['n'], total_workflows: 1, total_items: 1 },
      });
    }
  };
  async function parts(limit: number): Promise<string[][]> {
    const seen: string[][] = [];
    for (let from: number | null = 0; from !== null;) {
      const part: Unannounced = await worker.run('findUnannounced', { execution: EXECUTION, from, limit });
      assert.ok('announce' in part && seen.length < 10);
      seen.push(part.announce.map(({ intent_id }) => intent_id));
      from = part.next;
    }
    return seen;
  }
  const copied = async (): Promise<{ count: number; copies: string[] }> => {
    worker.sent.splice(0);
    const count = await worker.run<number>('copyUnanswered', { execution: EXECUTION });
    const copies = worker.sent.map(({ topic, value }) => {
      assert.equal(topic, 'p.reducer.events.intent_emitted.dlq');
      return (JSON.parse(value) as { event_id: string }).event_id;
    });
    return { count, copies };
  };

  it('finds each announcement in one part, and no empty one behind a full last part', async () => {
    for (const [count, sizes] of [
      [5, [2, 2, 1]],
      [4, [2, 2]],
      [0, [0]],
    ] as const) {
      const intents = states(count);
      input = { intents };
      carriedOut(intents);
      const found = await parts(2);
      assert.deepEqual(
        found.flat(),
        intents.map(({ intent_id }) => intent_id),
      );
      assert.deepEqual(
        found.map(({ length }) => length),
        sizes,
      );
    }
  });

  it('finds those of all lists of a slice, across its parts, and none of what another execution did', async () => {
    const [first, second, others] = [states(3), states(2), states(1)];
    input = { lists: [list(...first), list(...others), list(...second)] };
    carriedOut([...first, ...second]);
    carriedOut(others, { workflow_id: 'test', run_id: 'another' });
    assert.deepEqual(
      (await parts(2)).flat(),
      [...first, ...second].map(({ intent_id }) => intent_id),
    );
  });

  it('finds those of several lists, each under its own correlation id', async () => {
    const lists = [{ ...list(...states(1)), correlation_id: 'first' }, list(...states(1))];
    input = { lists };
    carriedOut(lists.flatMap(({ intents }) => intents as ReturnType<typeof states>));
    const part: Unannounced = await worker.run('findUnannounced', { execution: EXECUTION, from: 0, limit: 9 });
    assert.ok('announce' in part);
    assert.deepEqual(
      part.announce.map(({ correlation_id }) => correlation_id),
      ['first', 'of the list'],
    );
  });

  it('finds those of the lists beside one that could not be planned', async () => {
    const [good, after] = [states(1), states(1)];
    input = {
      lists: [list(...good), { ...list(...states(1)), options: { failFastPriority: 'high' } }, list(...after)],
    };
    carriedOut([...good, ...after]);
    assert.deepEqual(
      (await parts(9)).flat(),
      [...good, ...after].map(({ intent_id }) => intent_id),
    );
  });

  it('copies each envelope that is neither answered nor parked, and counts envelopes', async () => {
    const [answered, parked, ...left] = [
      list(...states(1)),
      list(...states(1)),
      list(...states(1)),
      list(...states(2)),
    ];
    input = { lists: [left[0], answered, parked, left[1]] };
    worker.verdicts.set(answered.event_id, {} as Verdict);
    worker.parked.push({ partition: 'at', list: parked, keys: [] });
    assert.deepEqual(await copied(), { count: 2, copies: left.map(({ event_id }) => event_id) });
  });

  it('copies an envelope as it was given: emitted again, its intents are the same ones', async () => {
    const given = { ...list(...states(1)), request_id: 'of the sender', options: { derivedEvents: 'none' } };
    input = { lists: [given] };
    await copied();
    const [copy] = worker.sent;
    const { event_id, correlation_id, intents, request_id, options } = given;
    assert.deepEqual(JSON.parse(String(copy?.value)), {
      envelope_version: '1.0',
      event_type: 'INTENT_EMITTED',
      event_id,
      correlation_id,
      payload: { intents, request_id, options },
    });
    // The message's key, headers, offset and time are not in the history.
    assert.deepEqual(copy?.key, null);
    assert.deepEqual(rejectionOf(copy.headers), {
      topic: 'p.reducer.events.intent_emitted',
      event_id,
      reason: `slice ${EXECUTION.workflow_id}, run ${EXECUTION.run_id}: ended without an answer`,
      form: 'message',
    });
    assert.equal(Object.keys(copy.headers).length, 4);
  });

  it('copies an envelope with its event id as the sender has written it', async () => {
    const given = list(...states(1));
    input = { lists: [{ ...given, written_event_id: given.event_id.toUpperCase() }] };
    assert.deepEqual(await copied(), { count: 1, copies: [given.event_id.toUpperCase()] });
    const { payload } = JSON.parse(String(worker.sent[0]?.value)) as { payload: object };
    assert.deepEqual(payload, { intents: given.intents });
  });

  it('copies nothing of a slice of parked lists: they are tried again', async () => {
    input = { lists: [list(...states(1))], parked: true };
    assert.deepEqual(await copied(), { count: 0, copies: [] });
  });

  it('copies no parked list that is answered, and parked no more, between its two questions', async () => {
    const given = list(...states(1));
    input = { lists: [given] };
    worker.parked.push({ partition: 'at', list: given, keys: [] });
    let questions = 0;
    const between = () => {
      questions += 1;
      if (questions < 2) return;
      worker.verdicts.set(given.event_id, {} as Verdict);
      worker.parked.splice(0);
    };
    worker.before.set('verdicts.answered', between);
    worker.before.set('parkedLists.hashes', between);
    assert.deepEqual(await copied(), { count: 0, copies: [] });
  });

  it('is tried again when a copy is not taken', async () => {
    const lists = [list(...states(1)), list(...states(1))];
    input = { lists };
    worker.refuses = ({ value }) =>
      value.includes(lists[1]!.event_id) ? new EffectError('unavailable', 'no broker') : null;
    await assert.rejects(copied(), { type: 'unavailable', nonRetryable: false });
  });
});
