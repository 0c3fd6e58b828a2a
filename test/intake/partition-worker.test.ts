/** These tests check what the worker of one partition hands over, copies and commits. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import {
  away,
  createHold,
  dropWorkers,
  envelope,
  message,
  messagesOf,
  newIds,
  setUpWorker,
  soon,
  TOPIC,
} from './support.js';
import { rejectionOf } from '../support/rejected.js';

const completed: SliceEnd = { completed: true, invalid: [] };

describe('intake: a partition', () => {
  afterEach(dropWorkers);

  it('commits a slice as soon as Temporal has it, and has room for the next one while it runs', async () => {
    const set = setUpWorker();
    const end = createHold();
    set.says.end = () => end.released.then(() => completed);
    set.worker.offer(messagesOf(newIds(2)));
    await soon(() => {
      assert.deepEqual(set.committed, ['2']);
    });
    assert.deepEqual([set.worker.running, set.worker.buffered, set.worker.bytes, set.wanted], [true, 0, 0, 1]);
    end.release();
    await set.worker.stop();
    assert.deepEqual(set.committed, ['2'], 'once');
  });

  it('copies what has no list, wherever it stands among the others, once, and commits behind it', async () => {
    const { worker, says, started, rejected, committed } = setUpWorker();
    // The index 1 names the second of the two lists, because messages without a list have no index in a slice.
    says.end = () => ({ completed: true, invalid: [{ list: 1, reason: 'an invalid intent' }] });
    const ids = newIds(2);
    worker.offer([
      message(0, 'no JSON'),
      message(1, envelope(ids[0])),
      message(2, 'no JSON'),
      message(3, envelope(ids[1])),
      message(4, 'no JSON'),
    ]);
    await soon(() => {
      assert.equal(rejected().length, 4);
    });
    await worker.stop();
    assert.deepEqual(started, [ids]);
    assert.deepEqual(
      rejected().map(([offset]) => offset),
      ['0', '2', '4', '3'],
    );
    assert.deepEqual(rejected()[3], ['3', 'an invalid intent']);
    assert.deepEqual([committed, worker.buffered, worker.bytes], [['5'], 0, 0]);
  });

  it('starts and commits nothing behind what no broker takes a copy of, also when it is stopped', async () => {
    const { worker, says, started, committed, rejected } = setUpWorker();
    says.publish = () => Promise.reject(away());
    worker.offer([message(0, 'no JSON'), message(1, 'no JSON')]);
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    worker.offer(messagesOf(newIds(1), 2));
    await worker.stop();
    assert.deepEqual([started, committed, rejected()], [[], [], []]);
  });

  it('copies each message once, also while the topic refuses the copy of one among them', async () => {
    const { worker, says, committed, rejected } = setUpWorker();
    let refusals = 0;
    says.refusesCopy = ({ headers }) => rejectionOf(headers).offset === '1' && (refusals += 1) <= 4;
    worker.offer([0, 1, 2].map((offset) => message(offset, 'no JSON')));
    await soon(() => {
      assert.deepEqual(committed, ['3']);
    });
    assert.deepEqual(
      rejected().map(([offset]) => offset),
      ['0', '2', '1'],
    );
    await worker.stop();
  });

  it('starts nothing while the stores take nothing', async () => {
    const { worker, says, started } = setUpWorker();
    says.mayStart = false;
    worker.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    await sleep(100);
    assert.deepEqual(started, []);
    says.mayStart = true;
    await soon(() => {
      assert.equal(started.length, 1);
    });
    await worker.stop();
  });

  it('runs the first messages of a topic that was created again, also when no commit was taken of the old one', async () => {
    const { worker, may, started, committed } = setUpWorker();
    may.commit = false;
    const [old, created] = [newIds(3), newIds(3)];
    worker.offer(messagesOf(old));
    await soon(() => {
      assert.deepEqual(started.flat(), old);
    });
    may.commit = true;
    worker.offer(messagesOf(created));
    await soon(() => {
      assert.deepEqual(started.flat(), [...old, ...created]);
      assert.deepEqual(committed, ['3']);
    });
    await worker.stop();
  });

  it('passes over what it holds, and commits nothing behind what is committed', async () => {
    const { worker, says, started, committed } = setUpWorker();
    const end = createHold();
    says.end = () => end.released.then(() => completed);
    const ids = newIds(3);
    const [first, second, third] = messagesOf(ids);
    worker.offer([first!]);
    await soon(() => {
      assert.deepEqual(committed, ['1']);
    });
    worker.offer([second!, third!]);
    // The messages are fetched again, as after a rebalance.
    worker.offer([first!, second!, third!]);
    assert.equal(worker.buffered, 3);
    end.release();
    await soon(() => {
      assert.equal(worker.buffered, 0);
      assert.equal(started.length, 2);
    });
    await worker.stop();
    assert.deepEqual(started, [[ids[0]], [ids[1], ids[2], ids[0]]]);
    assert.deepEqual([committed, worker.bytes], [['1', '3'], 0]);
  });

  it('commits what could not be committed when it is read again', async () => {
    const { worker, may, started, committed } = setUpWorker();
    const messages = messagesOf(newIds(2));
    may.commit = false;
    worker.offer(messages);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    may.commit = true;
    worker.rejoined();
    worker.offer(messages);
    await soon(() => {
      assert.deepEqual(committed, ['2']);
    });
    await worker.stop();
  });

  it('tells the messages of a topic that was created again from those that follow, and from repeats', async () => {
    const { worker, says, committed } = setUpWorker();
    const [first, second, third, fourth] = messagesOf(newIds(4));
    worker.offer([first!, second!]);
    await soon(() => {
      assert.deepEqual(committed, ['2']);
    });
    assert.equal(worker.isOther([third!, fourth!]), false, 'what follows what is committed');
    assert.equal(worker.isOther([second!]), true, 'what is committed does not come again');
    says.mayStart = false;
    worker.offer([third!]);
    assert.equal(worker.isOther([third!]), true, 'what it has read does not come again by itself');
    worker.rejoined();
    assert.equal(worker.isOther([third!, fourth!]), false, 'what it holds, read again after a rejoin');
    assert.equal(worker.isOther([fourth!, message(2, envelope())]), true, 'other bytes where it holds some');
    assert.equal(worker.isOther([second!]), false, 'repeats, where a late commit has set the offset back');
    worker.offer([second!]);
    assert.equal(worker.isOther([third!, fourth!]), false, 'what it holds, behind the repeats');
    assert.equal(worker.isOther([message(2, envelope())]), true, 'other bytes behind the repeats');
    worker.offer([third!]);
    assert.equal(worker.isOther([second!]), true, 'what comes before what it has read again');
    await worker.stop();
  });

  it('tells its slices from those of the same messages on another partition', async () => {
    const ids: string[] = [];
    const value = envelope();
    for (const partition of [0, 1]) {
      const { worker, hashes, started } = setUpWorker(`${TOPIC}/${partition}`);
      worker.offer([message(0, value)]);
      await soon(() => {
        assert.equal(started.length, 1);
      });
      await worker.stop();
      ids.push(...hashes);
    }
    assert.equal(new Set(ids).size, 2);
  });
});
