import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EffectError } from '../../src/domain/failures/failure.js';
import { bisect } from '../../src/postgres/core/bisect.js';
import { groupCommit } from '../../src/flow-control/group-commit.js';

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('group commit', () => {
  /** A store that doubles, and keeps what it was given together. */
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
    // Longer than a test may take.
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

describe('bisect', () => {
  const ok = () => ({ ok: true as const, result: {}, settled_at: '', repeated: false });
  const row = (n: number, key = n) => ({ n, order_key: String(key) });
  const rows = (count: number) => numbers(0, count).map((n) => row(n));
  type Row = ReturnType<typeof row>;
  const lockTimeout = () =>
    new EffectError('transient', 'lock timeout', {
      cause: Object.assign(new Error('lock timeout'), { code: '55P03' }),
    });

  it('finds one bad of 500 in some 19 runs, in order', async () => {
    const done: number[] = [];
    let runs = 0;
    const since = Date.now();
    const outcomes = await bisect(rows(500), (batch) => {
      runs += 1;
      if (batch.some(({ n }) => n === 333)) return Promise.reject(new EffectError('invalid', 'row 333'));
      done.push(...batch.map(({ n }) => n));
      return Promise.resolve(batch.map(ok));
    });
    assert.deepEqual(
      outcomes.flatMap((outcome, i) => (outcome.ok ? [] : [[i, outcome.error]])),
      [[333, 'row 333']],
    );
    const at = Date.parse(outcomes[333]!.settled_at);
    assert.ok(at >= since && at <= Date.now());
    assert.deepEqual(
      done,
      numbers(0, 500).filter((n) => n !== 333),
    );
    assert.ok(runs <= 20, `${runs} runs`);
  });

  it('throws what is not the rows’ fault', async () => {
    await assert.rejects(
      bisect(rows(2), () => Promise.reject(new EffectError('transient', 'deadlock'))),
      { failureClass: 'transient' },
    );
  });

  it('leaves out a locked row, and what comes behind it under its key; the others are executed', async () => {
    const done: number[] = [];
    const waits: (number | undefined)[] = [];
    // 7 and 9 are of the key that is held, and 9 could be had by the time it is its turn.
    const batch = [...rows(7), row(7, 1_000), row(8), row(9, 1_000), ...rows(500).slice(10)];
    const outcomes = await bisect<Row, object>(
      batch,
      (part, lockMs) => {
        waits.push(lockMs);
        if (part.some(({ n }) => n === 7)) return Promise.reject(lockTimeout());
        done.push(...part.map(({ n }) => n));
        return Promise.resolve(part.map(ok));
      },
      'park',
    );
    assert.deepEqual(
      outcomes.flatMap((outcome, n) => (!outcome.ok && outcome.busy === true ? [n] : [])),
      [7, 9],
    );
    assert.deepEqual(
      done,
      numbers(0, 500).filter((n) => n !== 7 && n !== 9),
    );
    assert.deepEqual([waits[0], ...new Set(waits.slice(1))], [5_000, 50]);
    const [held] = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
    assert.equal(held, 'another transaction holds its row');
  });

  it('tries a parked list’s rows shortly, and asks for none whose key is known to be locked', async () => {
    const runs: [rows: number[], lockMs: number | undefined][] = [];
    const outcomes = await bisect<Row, object>(
      [row(0, 1_000), row(1, 1_000)],
      (part, lockMs) => {
        runs.push([part.map(({ n }) => n), lockMs]);
        return Promise.reject(lockTimeout());
      },
      'probe',
    );
    assert.deepEqual(
      outcomes.map((outcome) => !outcome.ok && outcome.busy),
      [true, true],
    );
    assert.deepEqual(runs, [
      [[0, 1], 50],
      [[0], 50],
    ]);
  });

  it('keeps nothing waiting behind a bad row of its key: that one fails, and is done with', async () => {
    const done: number[] = [];
    await bisect<Row, object>(
      [row(0, 1_000), row(1, 1_000), row(2, 1_000), row(3)],
      (part) => {
        if (part.some(({ n }) => n === 0)) return Promise.reject(new EffectError('invalid', 'row 0'));
        done.push(...part.map(({ n }) => n));
        return Promise.resolve(part.map(ok));
      },
      'park',
    );
    assert.deepEqual(done, [1, 2, 3]);
  });

  describe('searches for 15 s', () => {
    let now = 0;
    beforeEach(() => {
      now = 1_000;
      mock.method(performance, 'now', () => now);
    });
    afterEach(() => mock.restoreAll());
    const searching = (error: () => Error, times: readonly number[]) => {
      let runs = 0;
      const ended = bisect<Row, object>(
        rows(8),
        () => {
          now = times[runs] ?? now;
          runs += 1;
          return Promise.reject(error());
        },
        'park',
      );
      return ended.then(
        () => runs,
        (thrown: unknown) => {
          assert.equal((thrown as Error).message, 'lock timeout');
          return `given up after ${runs}`;
        },
      );
    };

    it('for rows that are locked, and then takes it for the store that is stuck', async () => {
      assert.equal(await searching(lockTimeout, [1_000, 16_000]), 15);
      assert.equal(await searching(lockTimeout, [1_000, 16_000, 16_001]), 'given up after 3');
    });

    it('and as long as it takes for bad ones', async () => {
      const bad = () => new EffectError('invalid', 'bad');
      assert.equal(await searching(bad, [1_000, 60_000, 90_000]), 15);
    });
  });

  it('waits for rows as long as the server lets it, unless it is set otherwise', async () => {
    const waits: (number | undefined)[] = [];
    await assert.rejects(
      bisect(rows(2), (_part, lockMs) => {
        waits.push(lockMs);
        return Promise.reject(lockTimeout());
      }),
      { failureClass: 'transient' },
    );
    assert.deepEqual(waits, [undefined]);
  });
});
