/** These tests run a partition's slices in turn: refused by halves, behind a running one, ended by force, stopped. */
import assert from 'node:assert/strict';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import {
  away,
  createHold,
  dropWorkers,
  envelope,
  message,
  messagesOf,
  newIds,
  refusal,
  setUpWorker,
  soon,
  TOPIC,
} from './support.js';

const ended = (reason = 'terminated'): SliceEnd => ({ completed: false, reason });
const invalid = (...lists: number[]): SliceEnd => ({
  completed: true,
  invalid: lists.map((list) => ({ list, reason: 'an invalid intent' })),
});

describe('intake: slices', () => {
  afterEach(dropWorkers);

  for (const [position, bad] of [
    ['in the middle', [5]],
    ['at the front', [0]],
    ['at the end', [8]],
    ['in three positions', [2, 3, 8]],
  ] as const) {
    it(`halves a slice that is refused for good down to the lists at fault, ${position}; the others run in their order`, async () => {
      const set = setUpWorker();
      const ids = newIds(9);
      const refused = new Set<string>(bad.map((index) => ids[index]!));
      set.says.start = (given) => (given.some((id) => refused.has(id)) ? Promise.reject(refusal()) : undefined);
      set.worker.offer(messagesOf(ids));
      await soon(() => {
        assert.deepEqual(set.committed, ['9']);
      });
      await set.worker.stop();
      assert.deepEqual(
        set.started.flat(),
        ids.filter((id) => !refused.has(id)),
      );
      assert.deepEqual(
        set.rejected(),
        bad.map((offset) => [String(offset), 'Temporal refused it: the server takes no such list']),
      );
      assert.deepEqual(set.committed, ['9'], 'once');
    });
  }

  it('commits nothing of a refused slice before Temporal has all of it', async () => {
    const { worker, says, started, committed } = setUpWorker();
    const ids = newIds(4);
    says.start = (given) => {
      if (given.length === 4) return Promise.reject(refusal());
      // The first half is taken, and then Temporal is unavailable.
      return given.includes(ids[2]!) ? Promise.reject(away()) : undefined;
    };
    worker.offer(messagesOf(ids));
    await soon(() => {
      assert.deepEqual([started.length, worker.waiting], [1, true]);
    });
    assert.deepEqual(committed, []);
    await worker.stop();
    assert.deepEqual([started, committed], [[ids.slice(0, 2)], []]);
  });

  it('commits nothing behind a refused list whose copy no broker takes', async () => {
    const { worker, says, committed, rejected } = setUpWorker();
    says.start = (given) => (given.length > 0 ? Promise.reject(refusal()) : undefined);
    says.publish = () => Promise.reject(away());
    worker.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    await worker.stop();
    assert.deepEqual([rejected(), committed], [[], []]);
  });

  it('rejects nothing when the server refuses also what is empty', async () => {
    const { worker, says, started, rejected, committed } = setUpWorker();
    says.start = () => Promise.reject(refusal());
    worker.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    await worker.stop();
    assert.deepEqual([started, rejected(), committed], [[], [], []]);
  });

  it('tries a start again that failed for a while, with the same slice, and copies nothing', async () => {
    const { worker, says, started, hashes, rejected } = setUpWorker();
    const ids = newIds(3);
    // The last failure is a rate limit of the server.
    const failures = [
      away(),
      new Error('nobody knows'),
      Object.assign(new Error('busy'), { code: 8, details: 'busy' }),
    ];
    says.start = () => {
      const failure = failures.pop();
      return failure === undefined ? undefined : Promise.reject(failure);
    };
    worker.offer(messagesOf(ids));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    await worker.stop();
    assert.deepEqual([started, hashes.length, rejected()], [[ids], 1, []]);
  });

  it('waits for the end of a slice that still runs, of a process before it, and then starts its own', async () => {
    const { worker, says, started, asked, committed } = setUpWorker();
    const ids = newIds(2);
    const before = createHold();
    let open = true;
    says.start = () => (open ? null : undefined);
    says.end = async (run) => {
      if (run === undefined) await before.released;
      open = false;
      return invalid();
    };
    worker.offer(messagesOf(ids));
    await soon(() => {
      assert.deepEqual(asked, [ids, 'the open one']);
    });
    assert.deepEqual(committed, []);
    before.release();
    await soon(() => {
      assert.deepEqual(committed, ['2']);
    });
    await worker.stop();
    assert.deepEqual(asked, [ids, 'the open one', ids, 'run-1']);
    assert.deepEqual(started, [ids]);
  });

  it('asks again for the end of its slice while Temporal is unavailable, and starts no other before', async () => {
    const { worker, says, started, rejected } = setUpWorker();
    let asks = 0;
    says.end = () => {
      asks += 1;
      return asks === 1 ? Promise.reject(away()) : invalid(0);
    };
    worker.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    worker.offer(messagesOf(newIds(1), 1));
    assert.equal(started.length, 1);
    await soon(() => {
      assert.deepEqual(rejected()[0], ['0', 'an invalid intent']);
      assert.equal(started.length, 2);
    });
    await worker.stop();
  });

  it('copies the envelopes of a slice that was ended by force, each with the reason', async () => {
    const { worker, says, rejected, committed } = setUpWorker();
    says.end = () => ended();
    worker.offer(messagesOf(newIds(2)));
    await soon(() => {
      assert.equal(rejected().length, 2);
    });
    await worker.stop();
    const reason = `slice intake/${TOPIC}/0, run run-1: terminated`;
    assert.deepEqual(rejected(), [
      ['0', reason],
      ['1', reason],
    ]);
    assert.deepEqual(committed, ['2']);
  });

  it('copies of a slice that ran in halves only those of the half that was ended by force', async () => {
    const { worker, says, rejected } = setUpWorker();
    says.start = (given) => (given.length > 2 ? Promise.reject(refusal()) : undefined);
    says.end = (run) => (run === 'run-2' ? ended() : invalid(0));
    worker.offer(messagesOf(newIds(4)));
    await soon(() => {
      assert.equal(rejected().length, 3);
    });
    await worker.stop();
    assert.deepEqual(
      rejected().map(([offset]) => offset),
      ['0', '2', '3'],
    );
  });

  it('copies the envelopes of lists that were answered as invalid, also when it is stopped meanwhile', async () => {
    const { worker, says, started, rejected } = setUpWorker();
    const end = createHold();
    says.end = () => end.released.then(() => invalid(1));
    worker.offer(messagesOf(newIds(3)));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    const stopped = worker.stop();
    end.release();
    await stopped;
    assert.deepEqual(rejected(), [['1', 'an invalid intent']]);
  });

  it('is not stopped, and starts no other slice, before the copies are on their topic', async () => {
    const { worker, says, started, rejected } = setUpWorker();
    const broker = createHold();
    let publishing = false;
    says.publish = () => {
      publishing = true;
      return broker.released;
    };
    says.end = () => invalid(0);
    worker.offer(messagesOf(newIds(1)));
    worker.offer(messagesOf(newIds(1), 1));
    await soon(() => {
      assert.equal(publishing, true);
    });
    let stopped = false;
    const stopping = worker.stop().then(() => (stopped = true));
    // These are more turns than a worker needs that waits for nothing.
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    assert.equal(stopped, false);
    broker.release();
    await stopping;
    assert.deepEqual([started.length, rejected()], [1, [['0', 'an invalid intent']]]);
  });

  it('tries once to send the copies of a slice that ends while it is stopped, and does not wait for a broker that is unavailable', async () => {
    const { worker, says, started, rejected } = setUpWorker();
    const end = createHold();
    let tries = 0;
    says.publish = () => {
      tries += 1;
      return tries > 10 ? Promise.resolve() : Promise.reject(away());
    };
    says.end = () => end.released.then(() => invalid(0));
    worker.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    const stopped = worker.stop();
    end.release();
    await stopped;
    assert.deepEqual([tries, rejected()], [1, []]);
  });
});
