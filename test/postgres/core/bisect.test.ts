/**
 * These tests check that a batch is halved down to the commands at fault. Those that wait for a lock nobody can ask for
 * are found so too. No other command is left out with them.
 */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { type EffectOutcome, isLocked } from '../../../src/domain/intents/command.js';
import { bisect, withoutLocked } from '../../../src/postgres/core/bisect.js';

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('bisect', () => {
  const ok = () => ({ ok: true as const, result: {}, settled_at: '', repeated: false });
  const locked = () => ({ ok: false as const, error: 'asked', settled_at: '', locked: true as const });
  const row = (n: number, key = n) => ({ n, order_key: String(key) });
  const rows = (count: number) => numbers(0, count).map((n) => row(n));
  type Row = ReturnType<typeof row>;
  const lockTimeout = () =>
    new EffectError('transient', 'lock timeout', {
      cause: Object.assign(new Error('lock timeout'), { code: '55P03' }),
    });
  const noTable = () => Promise.resolve(false);
  const lockedIn = (replies: readonly EffectOutcome<object>[]) =>
    replies.flatMap((reply, index) => (isLocked(reply) ? [index] : []));

  it('finds one bad of 500 in some 19 runs, in order', async () => {
    const done: number[] = [];
    let runs = 0;
    const since = Date.now();
    const outcomes = await bisect(
      rows(500),
      (batch) => {
        runs += 1;
        if (batch.some(({ n }) => n === 333)) return Promise.reject(new EffectError('invalid', 'row 333'));
        done.push(...batch.map(({ n }) => n));
        return Promise.resolve(batch.map(ok));
      },
      () => Promise.reject(new Error('no lock was met')),
    );
    assert.deepEqual(
      outcomes.flatMap((outcome, i) => (outcome.ok ? [] : [[i, outcome.error, outcome.locked]])),
      [[333, 'row 333', undefined]],
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
      bisect(rows(2), () => Promise.reject(new EffectError('transient', 'deadlock')), noTable),
      { failureClass: 'transient' },
    );
  });

  it('leaves out a command that waits, and what comes behind it under its key; the others are executed', async () => {
    const done: number[] = [];
    const waits: number[] = [];
    let questions = 0;
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
      () => {
        questions += 1;
        return Promise.resolve(false);
      },
    );
    assert.deepEqual(lockedIn(outcomes), [7, 9]);
    assert.deepEqual(
      done,
      numbers(0, 500).filter((n) => n !== 7 && n !== 9),
    );
    assert.deepEqual([waits[0], ...new Set(waits.slice(1))], [100, 5]);
    assert.equal(questions, 1);
    const [held] = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
    assert.equal(held, 'another transaction has locked its row');
  });

  it('leaves out what comes behind a command that was asked for in vain', async () => {
    const done: number[] = [];
    // Row 3 is bad, so that the batch is halved: row 2 is behind row 0 in another part.
    const outcomes = await bisect<Row, object>(
      [row(0, 1_000), row(1), row(2, 1_000), row(3)],
      (part) => {
        if (part.some(({ n }) => n === 3)) return Promise.reject(new EffectError('invalid', 'row 3'));
        done.push(...part.map(({ n }) => n));
        return Promise.resolve(part.map(({ n }) => (n === 0 ? locked() : ok())));
      },
      noTable,
    );
    assert.deepEqual(lockedIn(outcomes), [0, 2]);
    assert.deepEqual(done, [0, 1]);
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
      noTable,
    );
    assert.deepEqual(done, [1, 2, 3]);
  });

  describe('searches for 5 s', () => {
    let now = 0;
    beforeEach(() => {
      now = 1_000;
      mock.method(performance, 'now', () => now);
    });
    afterEach(() => mock.restoreAll());
    /** @returns how many runs it took, and which commands are locked. */
    const search = async (error: () => Error, times: readonly number[], tableLocked = false) => {
      let runs = 0;
      const outcomes = await bisect<Row, object>(
        rows(8),
        () => {
          now = times[runs] ?? now;
          runs += 1;
          return Promise.reject(error());
        },
        () => Promise.resolve(tableLocked),
      );
      assert.equal(outcomes.length, 8);
      return [runs, lockedIn(outcomes).length];
    };

    it('for commands that wait, and then takes what still waits for locked', async () => {
      assert.deepEqual(await search(lockTimeout, [1_000, 6_000]), [15, 8]);
      // The run of all, of its first half (which is not halved any more), and of its second.
      assert.deepEqual(await search(lockTimeout, [1_000, 6_001]), [3, 8]);
    });

    it('not at all while the table is locked', async () => {
      assert.deepEqual(await search(lockTimeout, [1_000], true), [1, 8]);
    });

    it('and as long as it takes for bad ones', async () => {
      const bad = () => new EffectError('invalid', 'bad');
      assert.deepEqual(await search(bad, [1_000, 60_000, 90_000], true), [15, 0]);
    });

    it('also for bad ones among those that wait', async () => {
      let runs = 0;
      const outcomes = await bisect<Row, object>(
        rows(4),
        () => {
          runs += 1;
          now = 1_000 + 6_000 * (runs - 1);
          return Promise.reject(runs === 1 ? lockTimeout() : new EffectError('invalid', 'bad'));
        },
        noTable,
      );
      assert.deepEqual([runs, lockedIn(outcomes)], [7, []]);
    });
  });
});

describe('commands without locked ones', () => {
  it('are run as they are, and nothing is run when all are locked', async () => {
    const run = (given: readonly { order_key: string }[]) =>
      Promise.resolve(
        given.map(({ order_key }) => ({ ok: true as const, result: { order_key }, settled_at: '', repeated: false })),
      );
    const batch = ['a', 'b', 'a', 'c'].map((order_key) => ({ order_key }));
    const shown = (replies: readonly EffectOutcome<{ order_key: string }>[]) =>
      replies.map((reply) => (reply.ok ? reply.result.order_key : isLocked(reply)));
    assert.deepEqual(shown(await withoutLocked(batch, new Set(['a']), run)), [true, 'b', true, 'c']);
    assert.deepEqual(
      shown(await withoutLocked(batch, new Set(['a', 'b', 'c']), () => Promise.reject(new Error('asked')))),
      [true, true, true, true],
    );
  });
});
