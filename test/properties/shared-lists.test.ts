/**
 * This test draws lists that share an execution, and the fate of each: a failure, a cancellation, and so on.
 * Each list ends as it would by itself.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { SharedList, SharedReport } from '../../src/domain/sharing/shared-list.js';
import { gatedIntent, useGate } from '../support/gate.js';
import { persistState, publishEvent } from '../support/intents.js';
import { useMemoryWorker } from '../support/memory-worker.js';

const RUNS = 12;
const FATES = ['runs', 'fails fast', 'is cancelled', 'conflicts', 'ran before', 'is refused'] as const;
type Fate = (typeof FATES)[number];

/** Statuses of the three intents of a list by its fate; null for a list that is not executed. */
const ENDS: Readonly<Record<Fate, { readonly outcome: string; readonly statuses: readonly string[] } | null>> = {
  runs: { outcome: 'completed', statuses: ['succeeded', 'succeeded', 'succeeded'] },
  'fails fast': { outcome: 'failed', statuses: ['failed', 'skipped', 'skipped'] },
  'is cancelled': { outcome: 'cancelled', statuses: ['succeeded', 'succeeded', 'skipped'] },
  conflicts: null,
  'ran before': { outcome: 'completed', statuses: ['succeeded', 'succeeded', 'succeeded'] },
  'is refused': null,
};

interface Drawn {
  readonly fate: Fate;
  readonly request_id: string;
  readonly intents: readonly unknown[];
  readonly options?: unknown;
}

describe('lists that share an execution (property)', () => {
  const gate = useGate();
  const used = useMemoryWorker([gate.effect]);

  it(`end as they would by themselves, in ${RUNS} executions`, async () => {
    const seed = Number(process.env['PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    const fates = fc.array(fc.constantFrom(...FATES), { minLength: 2, maxLength: 12 });
    for (const drawn of fc.sample(fates, { seed, numRuns: RUNS })) {
      used.worker.reset();
      await check(drawn, `PROPERTY_SEED=${seed} ${drawn.join()}`);
    }
  }).timeout(120_000);

  async function check(fates: readonly Fate[], said: string): Promise<void> {
    const lists = fates.map(draw);
    const before = lists.filter(({ fate }) => fate === 'ran before');
    const earlier = before.length === 0 ? [] : (await execute(before)).lists;
    // A conflict is another list under a request id that a list before it has.
    const first = draw('runs');
    const conflicting = lists.map((list) =>
      list.fate === 'conflicts' ? { ...list, request_id: first.request_id } : list,
    );
    const given = [first, ...conflicting, draw('runs')];
    const { lists: ended } = await execute(given);
    given.forEach((list, at) => {
      assertEnded(list, ended[at], said);
      const again = earlier.find(({ request_id }) => request_id === list.request_id);
      if (again !== undefined) assert.deepEqual(ended[at]?.report, again.report, said);
    });
    // Each list that ran has had each of its effects once.
    const { effects } = used.worker.memory;
    assert.equal(new Set(effects).size, effects.length, said);
  }

  function assertEnded({ fate, request_id }: Drawn, ended: SharedList | undefined, said: string): void {
    assert.equal(ended?.request_id, request_id, said);
    if (fate === 'conflicts') assert.match(ended.conflict ?? '', /has been used for another list/, said);
    if (fate === 'is refused') assert.match(ended.refused ?? '', /^options\.failFastPriority/, said);
    const { report } = ended;
    const found =
      report === undefined ? null : { outcome: report.outcome, statuses: report.results.map(({ status }) => status) };
    // The gate takes one intent a batch, so a cancellation may come before a list's own.
    const [, atGate] = found?.statuses ?? [];
    if (fate === 'is cancelled' && atGate === 'skipped') found?.statuses.splice(1, 1, 'succeeded');
    assert.deepEqual(found, ENDS[fate], said);
  }

  /** Executes lists in one execution, and cancels those that are to be while it waits at the gate. */
  async function execute(lists: readonly Drawn[]): Promise<SharedReport> {
    const held = gate.close();
    const execution = await used.worker.start('ExecuteListsWorkflow', [
      { lists: lists.map(({ fate: _, ...list }) => list) },
    ]);
    // Lists that all ran before never come to the gate.
    await Promise.race([held, execution.result()]);
    for (const { fate, request_id } of lists) {
      if (fate === 'is cancelled') await execution.signal('cancelList', request_id);
    }
    gate.open();
    return (await execution.result()) as SharedReport;
  }

  function draw(fate: Fate): Drawn {
    const top =
      fate === 'fails fast' ? { ...persistState({}, { priority: 9 }), payload: {} } : persistState({}, { priority: 9 });
    const intents = [top, gatedIntent(1), publishEvent({}, { priority: 0 })];
    const request_id = randomUUID();
    return { fate, request_id, intents, ...(fate === 'is refused' ? { options: { failFastPriority: 'high' } } : {}) };
  }
});
