/**
 * These tests check that a batch is halved down to the rows at fault. A locked row waits alone, so that it holds up no
 * other row.
 */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { bisect } from '../../../src/postgres/core/bisect.js';

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

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
    // Rows 7 and 9 are of the locked key. Row 9 is left out too, although its lock could be had by the time it is its
    // turn.
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

  it('tries a parked list’s rows shortly, and asks for none whose key is known to be blocked', async () => {
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

  it('keeps nothing waiting behind a bad row of its key: that one is reported, and done with', async () => {
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

  it('waits for rows as long as the server lets it, unless it is asked otherwise', async () => {
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
