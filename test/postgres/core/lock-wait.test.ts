/** These tests check how long locked rows are asked for again, and with whom. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { EffectOutcome, LockWait } from '../../../src/domain/intents/command.js';
import { withLockWait } from '../../../src/postgres/core/lock-wait.js';

describe('the lock wait', () => {
  let now: number;
  let pauses: number[];
  /** The batches of the transactions. */
  let runs: string[][];
  /** Time at which the rows of a command are free; default: they are. */
  let freeAt: Record<string, number>;
  beforeEach(() => {
    now = 0;
    pauses = [];
    runs = [];
    freeAt = {};
    // The jitter is in the middle, so that a pause is as long as it is meant to be.
    mock.method(Math, 'random', () => 0.5);
  });
  afterEach(() => mock.restoreAll());

  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      pauses.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
  const run = (batch: readonly string[]): Promise<EffectOutcome<{ name: string }>[]> => {
    runs.push([...batch]);
    return Promise.resolve(
      batch.map((name) =>
        now >= (freeAt[name] ?? 0)
          ? { ok: true, result: { name }, settled_at: '', repeated: false }
          : { ok: false, locked: true, error: 'locked', settled_at: '' },
      ),
    );
  };
  /** A turn in the queue takes 50 ms, and is written as a batch that begins with `queue`. */
  const queue = async (batch: readonly string[]) => {
    const replies = await run(batch);
    runs.at(-1)!.unshift('queue');
    now += 50;
    return replies;
  };
  const open = () => withLockWait({ ask: run, queue }, {}, clock);
  const shown = (replies: readonly EffectOutcome<{ name: string }>[]) =>
    replies.map((reply) => (reply.ok ? reply.result.name : 'locked'));

  it('asks again for the locked ones alone, and puts their replies where they belong', async () => {
    freeAt = { b: 75, d: 110 };
    assert.deepEqual(shown(await open()(['a', 'b', 'c', 'd'])), ['a', 'b', 'c', 'd']);
    assert.deepEqual(runs, [['a', 'b', 'c', 'd'], ['queue', 'b', 'd'], ['b', 'd'], ['b', 'd'], ['d']]);
    assert.deepEqual(pauses, [10, 20, 40]);
  });

  it('is patient unless it is said otherwise', async () => {
    freeAt = { a: 9_000 };
    assert.deepEqual(shown(await open()(['a'])), ['a']);
    now = 0;
    freeAt = { a: 30_000 };
    assert.deepEqual(shown(await open()(['a'])), ['locked']);
    assert.ok(now > 9_500 && now <= 10_000, `${now} ms`);
  });

  it('queues once, in which transactions of ours take turns', async () => {
    let turn = 0;
    const ask = withLockWait({ ask: run, queue: (batch) => ((now = turn), queue(batch)) }, {}, clock);
    freeAt = { a: 30 };
    turn = 30;
    assert.deepEqual(shown(await ask(['a', 'b'], 'park')), ['a', 'b']);
    assert.deepEqual(runs, [
      ['a', 'b'],
      ['queue', 'a'],
    ]);
    assert.deepEqual(pauses, []);
  });

  it('asks nobody again who got an error, and waits for nobody who is free', async () => {
    const failed = { ok: false as const, error: 'bad', settled_at: '' };
    const ask = withLockWait({ ask: () => Promise.resolve([failed]), queue }, {}, clock);
    assert.deepEqual(await ask(['a']), [failed]);
    assert.deepEqual(runs, []);
    assert.deepEqual(shown(await open()(['a'], 'park')), ['a']);
    assert.deepEqual(pauses, []);
  });

  for (const [locks, ms, count] of [
    ['patient', 10_000, 65],
    ['park', 1_000, 9],
    ['probe', 200, 4],
  ] as const satisfies readonly (readonly [LockWait, number, number])[]) {
    it(`lasts ${ms} ms with \`${locks}\`, in pauses of 160 ms at most`, async () => {
      freeAt = { a: Infinity };
      assert.deepEqual(shown(await open()(['a'], locks)), ['locked']);
      assert.equal(pauses.length, count);
      assert.deepEqual(pauses.slice(0, 6), [10, 20, 40, 80, 160, 160].slice(0, count));
      assert.equal(Math.max(...pauses), Math.min(160, pauses.at(-1)!));
      assert.ok(now <= ms && now + 160 > ms, `${now} ms`);
      assert.equal(runs.filter(([way]) => way === 'queue').length, 1);
    });
  }

  it('takes a pause that ends with the patience, and none that ends after it', async () => {
    freeAt = { a: Infinity };
    const late = withLockWait(
      {
        ask: (batch: readonly string[]) => {
          // The first transaction takes so long that the first pause ends with the patience of 200 ms.
          if (runs.length === 0) now = 140;
          return run(batch);
        },
        queue,
      },
      {},
      clock,
    );
    await late(['a'], 'probe');
    assert.deepEqual(pauses, [10]);
  });

  it('goes by the time of the process', async () => {
    const started = performance.now();
    const locked = { ok: false as const, locked: true as const, error: 'locked', settled_at: '' };
    const reply = () => Promise.resolve([locked]);
    assert.deepEqual(await withLockWait({ ask: reply, queue: reply })(['a'], 'probe'), [locked]);
    assert.ok(performance.now() - started >= 100, `${performance.now() - started} ms`);
  });

  it('is patient unless it is asked otherwise', async () => {
    freeAt = { a: 9_000 };
    assert.deepEqual(shown(await open()(['a'])), ['a']);
  });

  it('spreads the pauses by half of them', async () => {
    freeAt = { a: 51 };
    for (const [random, pause] of [
      [0, 5],
      [0.9, 14],
    ] as const) {
      mock.restoreAll();
      mock.method(Math, 'random', () => random);
      now = 0;
      pauses = [];
      await open()(['a']);
      assert.deepEqual(pauses, [pause]);
    }
  });

  it('keeps what has met a lock out of the transactions of what has not', async () => {
    let free: () => void = () => undefined;
    const isFree = new Promise<void>((resolve) => (free = resolve));
    const ask = withLockWait(
      {
        ask: async (batch: readonly string[]) => {
          // A transaction with a parked list's command lasts.
          if (batch.includes('parked')) await isFree;
          return run(batch);
        },
        queue,
      },
      { maxInFlight: 1, maxEntries: 10 },
      clock,
    );
    const probes = ['parked', 'x', 'y'].map((name) => ask([name], 'probe'));
    assert.deepEqual(shown(await ask(['a'])), ['a']);
    assert.deepEqual(shown(await ask(['b'], 'park')), ['b']);
    free();
    assert.deepEqual((await Promise.all(probes)).map(shown), [['parked'], ['x'], ['y']]);
    assert.deepEqual(runs, [['a'], ['b'], ['parked', 'x', 'y']]);
  });

  it('asks for all that wait in one transaction at a time', async () => {
    let inFlight = 0;
    let most = 0;
    const counted = (way: typeof run) => async (batch: readonly string[]) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return way(batch);
    };
    const ask = withLockWait({ ask: counted(run), queue: counted(queue) }, { maxInFlight: 8, maxEntries: 1 }, clock);
    await Promise.all(['a', 'b', 'c'].map((name) => ask([name], 'probe')));
    assert.deepEqual([most, runs.length], [1, 3]);
    await Promise.all(['a', 'b', 'c'].map((name) => ask([name])));
    assert.equal(most, 3);
    most = 0;
    freeAt = { x: 1, y: 1, z: 1 };
    now = 0;
    await Promise.all(['x', 'y', 'z'].map((name) => ask([name], 'probe')));
    // One asks while another one queues.
    assert.ok(most <= 2, `${most} at a time`);
  });
});
