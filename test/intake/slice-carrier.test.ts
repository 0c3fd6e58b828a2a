/** The slices of a partition, one after the other: refused by halves, behind one that still runs, ended by force, stopped in the middle. */
import assert from 'node:assert/strict';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import {
  away,
  createHold,
  dropLanes,
  envelope,
  message,
  messagesOf,
  newIds,
  refusal,
  setUpLane,
  soon,
  TOPIC,
} from './support.js';

const ended = (reason = 'terminated'): SliceEnd => ({ completed: false, reason });
const invalid = (...lists: number[]): SliceEnd => ({
  completed: true,
  invalid: lists.map((list) => ({ list, reason: 'an invalid intent' })),
});

describe('intake: slices', () => {
  afterEach(dropLanes);

  for (const [place, bad] of [
    ['in the middle', [5]],
    ['at the front', [0]],
    ['at the end', [8]],
    ['in three places', [2, 3, 8]],
  ] as const) {
    it(`halves a slice that is refused for good down to the lists at fault, ${place}; the others run in their order`, async () => {
      const set = setUpLane();
      const ids = newIds(9);
      const refused = new Set<string>(bad.map((index) => ids[index]!));
      set.says.start = (given) => (given.some((id) => refused.has(id)) ? Promise.reject(refusal()) : undefined);
      set.lane.offer(messagesOf(ids));
      await soon(() => {
        assert.deepEqual(set.committed, ['9']);
      });
      await set.lane.stop();
      assert.deepEqual(
        set.started.flat(),
        ids.filter((id) => !refused.has(id)),
      );
      assert.deepEqual(
        set.buried(),
        bad.map((offset) => [String(offset), 'Temporal refused it: the server takes no such list']),
      );
      assert.deepEqual(set.committed, ['9'], 'once');
    });
  }

  it('commits nothing of a refused slice before Temporal has all of it', async () => {
    const { lane, says, started, committed } = setUpLane();
    const ids = newIds(4);
    says.start = (given) => {
      if (given.length === 4) return Promise.reject(refusal());
      // The first half is taken; then Temporal is away.
      return given.includes(ids[2]!) ? Promise.reject(away()) : undefined;
    };
    lane.offer(messagesOf(ids));
    await soon(() => {
      assert.deepEqual([started.length, lane.waiting], [1, true]);
    });
    assert.deepEqual(committed, []);
    await lane.stop();
    assert.deepEqual([started, committed], [[ids.slice(0, 2)], []]);
  });

  it('commits nothing behind a refused list whose copy no broker takes', async () => {
    const { lane, says, committed, buried } = setUpLane();
    says.start = (given) => (given.length > 0 ? Promise.reject(refusal()) : undefined);
    says.publish = () => Promise.reject(away());
    lane.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    await lane.stop();
    assert.deepEqual([buried(), committed], [[], []]);
  });

  it('buries nothing when the server refuses also what is empty', async () => {
    const { lane, says, started, buried, committed } = setUpLane();
    says.start = () => Promise.reject(refusal());
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    await lane.stop();
    assert.deepEqual([started, buried(), committed], [[], [], []]);
  });

  it('tries a start again that failed for a while, with the same slice, and copies nothing', async () => {
    const { lane, says, started, hashes, buried } = setUpLane();
    const ids = newIds(3);
    // The last is a rate limit of the server.
    const failures = [
      away(),
      new Error('nobody knows'),
      Object.assign(new Error('busy'), { code: 8, details: 'busy' }),
    ];
    says.start = () => {
      const failure = failures.pop();
      return failure === undefined ? undefined : Promise.reject(failure);
    };
    lane.offer(messagesOf(ids));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    await lane.stop();
    assert.deepEqual([started, hashes.length, buried()], [[ids], 1, []]);
  });

  it('waits for the end of a slice that still runs, of a process before it, and then starts its own', async () => {
    const { lane, says, started, asked, committed } = setUpLane();
    const ids = newIds(2);
    const before = createHold();
    let open = true;
    says.start = () => (open ? null : undefined);
    says.end = async (run) => {
      if (run === undefined) await before.released;
      open = false;
      return invalid();
    };
    lane.offer(messagesOf(ids));
    await soon(() => {
      assert.deepEqual(asked, [ids, 'the open one']);
    });
    assert.deepEqual(committed, []);
    before.release();
    await soon(() => {
      assert.deepEqual(committed, ['2']);
    });
    await lane.stop();
    assert.deepEqual(asked, [ids, 'the open one', ids, 'run-1']);
    assert.deepEqual(started, [ids]);
  });

  it('asks again for the end of its slice while Temporal is away, and starts no other before', async () => {
    const { lane, says, started, buried } = setUpLane();
    let asks = 0;
    says.end = () => {
      asks += 1;
      return asks === 1 ? Promise.reject(away()) : invalid(0);
    };
    lane.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    lane.offer(messagesOf(newIds(1), 1));
    assert.equal(started.length, 1);
    await soon(() => {
      assert.deepEqual(buried()[0], ['0', 'an invalid intent']);
      assert.equal(started.length, 2);
    });
    await lane.stop();
  });

  it('copies the envelopes of a slice that was ended by force, each with the reason', async () => {
    const { lane, says, buried, committed } = setUpLane();
    says.end = () => ended();
    lane.offer(messagesOf(newIds(2)));
    await soon(() => {
      assert.equal(buried().length, 2);
    });
    await lane.stop();
    const reason = `slice intake/${TOPIC}/0, run run-1: terminated`;
    assert.deepEqual(buried(), [
      ['0', reason],
      ['1', reason],
    ]);
    assert.deepEqual(committed, ['2']);
  });

  it('copies of a slice that ran in halves only those of the half that was ended by force', async () => {
    const { lane, says, buried } = setUpLane();
    says.start = (given) => (given.length > 2 ? Promise.reject(refusal()) : undefined);
    says.end = (run) => (run === 'run-2' ? ended() : invalid(0));
    lane.offer(messagesOf(newIds(4)));
    await soon(() => {
      assert.equal(buried().length, 3);
    });
    await lane.stop();
    assert.deepEqual(
      buried().map(([offset]) => offset),
      ['0', '2', '3'],
    );
  });

  it('copies the envelopes of lists that were answered as invalid, also when it is stopped meanwhile', async () => {
    const { lane, says, started, buried } = setUpLane();
    const end = createHold();
    says.end = () => end.released.then(() => invalid(1));
    lane.offer(messagesOf(newIds(3)));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    const stopped = lane.stop();
    end.release();
    await stopped;
    assert.deepEqual(buried(), [['1', 'an invalid intent']]);
  });

  it('is not stopped, and starts no other slice, before the copies are on their topic', async () => {
    const { lane, says, started, buried } = setUpLane();
    const broker = createHold();
    let publishing = false;
    says.publish = () => {
      publishing = true;
      return broker.released;
    };
    says.end = () => invalid(0);
    lane.offer(messagesOf(newIds(1)));
    lane.offer(messagesOf(newIds(1), 1));
    await soon(() => {
      assert.equal(publishing, true);
    });
    let stopped = false;
    const stopping = lane.stop().then(() => (stopped = true));
    // More turns than a lane needs that waits for nothing.
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    assert.equal(stopped, false);
    broker.release();
    await stopping;
    assert.deepEqual([started.length, buried()], [1, [['0', 'an invalid intent']]]);
  });

  it('tries once to send the copies of a slice that ends while it is stopped, and does not wait for a broker that is away', async () => {
    const { lane, says, started, buried } = setUpLane();
    const end = createHold();
    let tries = 0;
    says.publish = () => {
      tries += 1;
      return tries > 10 ? Promise.resolve() : Promise.reject(away());
    };
    says.end = () => end.released.then(() => invalid(0));
    lane.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    const stopped = lane.stop();
    end.release();
    await stopped;
    assert.deepEqual([tries, buried()], [1, []]);
  });
});
