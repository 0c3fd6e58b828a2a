/** These tests check which batches share a run, how long they wait for one, and which batches an error fails. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EffectError } from '../../src/domain/failures/failure.js';
import { groupCommit } from '../../src/flow-control/group-commit.js';

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('group commit', () => {
  /** Makes a store that doubles numbers, and keeps the groups that it was given. */
  function setUp(options: object = {}, fail?: (batch: readonly number[]) => Error | undefined) {
    const runs: number[][] = [];
    let running = 0;
    const seen = { most: 0 };
    const submit = groupCommit<number, number>(async (batch) => {
      runs.push([...batch]);
      seen.most = Math.max(seen.most, (running += 1));
      await delay(5);
      running -= 1;
      const error = fail?.(batch);
      if (error !== undefined) throw error;
      return batch.map((n) => 2 * n);
    }, options);
    return { submit, runs, seen };
  }

  it('merges what arrives meanwhile, never splits a chunk, gives everyone their own', async () => {
    const { submit, runs, seen } = setUp({ maxEntries: 10, maxInFlight: 2 });
    const chunks = numbers(0, 40).map((i) => numbers(100 * i, 1 + (i % 4)));
    const answers = await Promise.all(chunks.map((chunk, i) => delay(i % 3).then(() => submit(chunk))));
    assert.deepEqual(
      answers,
      chunks.map((chunk) => chunk.map((n) => 2 * n)),
    );
    assert.ok(runs.length < 20, `${runs.length} runs`);
    assert.ok(runs.every((run) => run.length <= 10));
    for (const chunk of chunks) assert.ok(runs.some((run) => chunk.every((n) => run.includes(n))));
    assert.equal(seen.most, 2);
  });

  it('starts at once when idle, waits for others while it lingers, but not once it is full', async () => {
    const eager = setUp();
    await Promise.all([eager.submit([1]), eager.submit([2])]);
    assert.deepEqual(eager.runs, [[1, 2]]);
    const patient = setUp({ lingerMs: 20, maxEntries: 4 });
    await Promise.all([patient.submit([1]), delay(5).then(() => patient.submit([2]))]);
    assert.deepEqual(patient.runs, [[1, 2]]);
    // This linger is longer than a test may take.
    const full = setUp({ lingerMs: 3_600_000, maxEntries: 2 });
    await Promise.all([full.submit([1]), full.submit([2])]);
    assert.deepEqual(full.runs, [[1, 2]]);
  });

  it('lingers anew after each run, not until a wait of the one before', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const runs: number[][] = [];
    const submit = groupCommit<number, number>(
      (batch) => {
        runs.push([...batch]);
        return Promise.resolve([...batch]);
      },
      { lingerMs: 20 },
    );
    const pass = async (ms: number): Promise<void> => {
      mock.timers.tick(ms);
      await new Promise(setImmediate);
    };
    try {
      for (const n of [1, 2, 3, 4]) {
        void submit([n]);
        await pass(10);
      }
      assert.deepEqual(runs, [
        [1, 2],
        [3, 4],
      ]);
    } finally {
      mock.timers.reset();
    }
  });

  it('runs each chunk alone when one of them cannot be run, and none when the store is unavailable', async () => {
    for (const [failureClass, others] of [
      ['invalid', 'kept'],
      ['unknown', 'kept'],
      ['transient', 'failed'],
      ['unavailable', 'failed'],
    ] as const) {
      const { submit } = setUp({}, (batch) =>
        batch.includes(13) ? new EffectError(failureClass, 'thirteen') : undefined,
      );
      const [bad, good] = await Promise.allSettled([submit([13]), submit([1])]);
      assert.equal(bad.status, 'rejected');
      assert.equal(good.status === 'fulfilled' ? 'kept' : 'failed', others, failureClass);
    }
  });

  it('lets a large chunk travel alone and an empty one not at all', async () => {
    const { submit, runs } = setUp({ maxEntries: 3 });
    await Promise.all([submit(numbers(0, 8)), submit([50])]);
    assert.deepEqual(await submit([]), []);
    assert.deepEqual(
      runs.map((run) => run.length),
      [8, 1],
    );
  });

  it('fails all that shared a transaction, but by an unknown error only those it belongs to', async () => {
    const down = setUp({}, () => new EffectError('unavailable', 'down'));
    const both = await Promise.allSettled([down.submit([1]), down.submit([2])]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(down.runs.length, 1);
    const poisoned = setUp({}, (batch) => (batch.includes(1) ? new TypeError('bug') : undefined));
    const [bad, good] = await Promise.allSettled([poisoned.submit([1]), poisoned.submit([2])]);
    assert.deepEqual([bad.status, good.status], ['rejected', 'fulfilled']);
  });
});
