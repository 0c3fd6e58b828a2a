/** One partition: what it hands over, what it commits, and what becomes of it when it is stopped or somebody else's. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import {
  away,
  createHold,
  dropLanes,
  envelope,
  message,
  messagesOf,
  newIds,
  setUpLane,
  soon,
  TOPIC,
} from './support.js';

const completed: SliceEnd = { completed: true, invalid: [] };

describe('intake: a partition', () => {
  afterEach(dropLanes);

  it('commits a slice as soon as Temporal has it, and has room for the next one while it runs', async () => {
    const set = setUpLane();
    const end = createHold();
    set.says.end = () => end.released.then(() => completed);
    set.lane.offer(messagesOf(newIds(2)));
    await soon(() => {
      assert.deepEqual(set.committed, ['2']);
    });
    assert.deepEqual([set.lane.running, set.lane.held, set.lane.bytes, set.wanted], [true, 0, 0, 1]);
    end.release();
    await set.lane.stop();
    assert.deepEqual(set.committed, ['2'], 'once');
  });

  it('copies what carries no list, wherever it stands among the others, once, and commits behind it', async () => {
    const { lane, says, started, buried, committed } = setUpLane();
    // Of the two lists: the messages that carry none have no number there.
    says.end = () => ({ completed: true, invalid: [{ list: 1, reason: 'an invalid intent' }] });
    const ids = newIds(2);
    lane.offer([
      message(0, 'no JSON'),
      message(1, envelope(ids[0])),
      message(2, 'no JSON'),
      message(3, envelope(ids[1])),
      message(4, 'no JSON'),
    ]);
    await soon(() => {
      assert.equal(buried().length, 4);
    });
    await lane.stop();
    assert.deepEqual(started, [ids]);
    assert.deepEqual(
      buried().map(([offset]) => offset),
      ['0', '2', '4', '3'],
    );
    assert.deepEqual(buried()[3], ['3', 'an invalid intent']);
    assert.deepEqual([committed, lane.held, lane.bytes], [['5'], 0, 0]);
  });

  it('starts and commits nothing behind what no broker takes a copy of, also when it is stopped', async () => {
    const { lane, says, started, committed, buried } = setUpLane();
    says.publish = () => Promise.reject(away());
    lane.offer([message(0, 'no JSON'), message(1, 'no JSON')]);
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    lane.offer(messagesOf(newIds(1), 2));
    await lane.stop();
    assert.deepEqual([started, committed, buried()], [[], [], []]);
  });

  it('starts nothing while the stores take nothing', async () => {
    const { lane, says, started } = setUpLane();
    says.mayStart = false;
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    await sleep(100);
    assert.deepEqual(started, []);
    says.mayStart = true;
    await soon(() => {
      assert.equal(started.length, 1);
    });
    await lane.stop();
  });

  it('stops also while the stores take nothing, without asking them again and again', async () => {
    const { lane, says, started, committed } = setUpLane();
    let asks = 0;
    Object.defineProperty(says, 'mayStart', { get: () => (asks += 1) > 1_000 });
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    await lane.stop();
    assert.deepEqual([started, committed], [[], []]);
    assert.ok(asks < 900, `${asks} times`);
  });

  it('ends with the slice it has in hand, and starts no other', async () => {
    const { lane, says, started, committed } = setUpLane();
    const end = createHold();
    says.end = () => end.released.then(() => completed);
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    lane.offer([message(1, envelope())]);
    const stopped = lane.stop();
    assert.equal(await Promise.race([stopped.then(() => 'stopped'), sleep(200, 'running')]), 'running');
    end.release();
    await stopped;
    assert.equal(started.length, 1);
    assert.deepEqual(committed, ['1']);
  });

  it('waits for the end of a slice that was on its way to Temporal when it was stopped, and copies what is for a person', async () => {
    const { lane, says, started, asked, buried, committed } = setUpLane();
    const start = createHold();
    says.start = () => start.released;
    says.end = () => ({ completed: true, invalid: [{ list: 0, reason: 'an invalid intent' }] });
    lane.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(asked.length, 1);
    });
    const stopped = lane.stop();
    start.release();
    await stopped;
    // It is committed, so that nobody reads it again.
    assert.deepEqual([started.length, committed], [1, ['1']]);
    assert.deepEqual(buried(), [['0', 'an invalid intent']]);
  });

  it('runs the first messages of a topic that was created again, also when no commit was taken of the old one', async () => {
    const { lane, may, started, committed } = setUpLane();
    may.commit = false;
    const [old, created] = [newIds(3), newIds(3)];
    lane.offer(messagesOf(old));
    await soon(() => {
      assert.deepEqual(started.flat(), old);
    });
    may.commit = true;
    lane.offer(messagesOf(created));
    await soon(() => {
      assert.deepEqual(started.flat(), [...old, ...created]);
      assert.deepEqual(committed, ['3']);
    });
    await lane.stop();
  });

  it('passes over what it holds, and commits nothing behind what is committed', async () => {
    const { lane, says, started, committed } = setUpLane();
    const end = createHold();
    says.end = () => end.released.then(() => completed);
    const ids = newIds(3);
    const [first, second, third] = messagesOf(ids);
    lane.offer([first!]);
    await soon(() => {
      assert.deepEqual(committed, ['1']);
    });
    lane.offer([second!, third!]);
    // Fetched again, as after a rebalance.
    lane.offer([first!, second!, third!]);
    assert.equal(lane.held, 3);
    end.release();
    await soon(() => {
      assert.equal(lane.held, 0);
      assert.equal(started.length, 2);
    });
    await lane.stop();
    assert.deepEqual(started, [[ids[0]], [ids[1], ids[2], ids[0]]]);
    assert.deepEqual([committed, lane.bytes], [['1', '3'], 0]);
  });

  it('commits what could not be committed when it is read again', async () => {
    const { lane, may, started, committed } = setUpLane();
    const messages = messagesOf(newIds(2));
    may.commit = false;
    lane.offer(messages);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    may.commit = true;
    lane.rejoined();
    lane.offer(messages);
    await soon(() => {
      assert.deepEqual(committed, ['2']);
    });
    await lane.stop();
  });

  it('tells the messages of a topic that was created again from those that follow, and from repeats', async () => {
    const { lane, says, committed } = setUpLane();
    const [first, second, third, fourth] = messagesOf(newIds(4));
    lane.offer([first!, second!]);
    await soon(() => {
      assert.deepEqual(committed, ['2']);
    });
    assert.equal(lane.isOther([third!, fourth!]), false, 'what follows what is committed');
    assert.equal(lane.isOther([second!]), true, 'what is committed does not come again');
    says.mayStart = false;
    lane.offer([third!]);
    assert.equal(lane.isOther([third!]), true, 'what it has read does not come again by itself');
    lane.rejoined();
    assert.equal(lane.isOther([third!, fourth!]), false, 'what it holds, read again after a rejoin');
    assert.equal(lane.isOther([second!]), true, 'what is committed is not read again after a rejoin');
    assert.equal(lane.isOther([fourth!, message(2, envelope())]), true, 'other bytes where it holds some');
    await lane.stop();
  });

  it('finishes what it holds of a topic that is gone, and commits nothing in the new one', async () => {
    const { lane, says, started, committed } = setUpLane();
    const start = createHold();
    says.start = () => start.released;
    const ids = newIds(3);
    lane.offer(messagesOf(ids.slice(0, 1)));
    lane.offer(messagesOf(ids.slice(1), 1));
    lane.disown();
    start.release();
    await soon(() => {
      assert.deepEqual(started.flat(), ids);
    });
    await lane.stop();
    assert.deepEqual(committed, []);
  });

  it('starts nothing any more when its partition is somebody else’s', async () => {
    const { lane, says, started, committed } = setUpLane();
    says.start = () => Promise.reject(away());
    lane.offer(messagesOf(newIds(2)));
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    lane.abandon();
    says.start = () => undefined;
    await soon(() => {
      assert.equal(lane.waiting, false);
    });
    // Its new owner starts them, and what comes behind them: here they would come late.
    assert.deepEqual([started, committed, lane.held, lane.bytes], [[], [], 0, 0]);
    await lane.stop();
  });

  it('copies what is for a person also of a slice whose partition went to somebody else while it started', async () => {
    const { lane, says, started, asked, buried, committed } = setUpLane();
    const start = createHold();
    says.start = () => start.released;
    says.end = () => ({ completed: true, invalid: [{ list: 0, reason: 'an invalid intent' }] });
    const ids = newIds(2);
    lane.offer(messagesOf(ids));
    await soon(() => {
      assert.equal(asked.length, 1);
    });
    lane.abandon();
    start.release();
    await lane.stop();
    assert.deepEqual([started, committed], [[ids], []]);
    assert.deepEqual(buried(), [['0', 'an invalid intent']]);
  });

  it('tells its slices from those of the same messages on another partition', async () => {
    const ids: string[] = [];
    const value = envelope();
    for (const partition of [0, 1]) {
      const { lane, hashes, started } = setUpLane(`${TOPIC}/${partition}`);
      lane.offer([message(0, value)]);
      await soon(() => {
        assert.equal(started.length, 1);
      });
      await lane.stop();
      ids.push(...hashes);
    }
    assert.equal(new Set(ids).size, 2);
  });
});
