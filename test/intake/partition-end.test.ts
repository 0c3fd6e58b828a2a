/**
 * These tests check the end of a partition worker: it is stopped, its topic is gone, or its partition is somebody
 * else’s.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import { away, createHold, dropWorkers, envelope, message, messagesOf, newIds, setUpWorker, soon } from './support.js';

const completed: SliceEnd = { completed: true, invalid: [] };

describe('intake: the end of a partition worker', () => {
  afterEach(dropWorkers);

  it('stops also while the stores take nothing, without asking them again and again', async () => {
    const { worker, says, started, committed } = setUpWorker();
    let asks = 0;
    Object.defineProperty(says, 'mayStart', { get: () => (asks += 1) > 1_000 });
    worker.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    await worker.stop();
    assert.deepEqual([started, committed], [[], []]);
    assert.ok(asks < 900, `${asks} times`);
  });

  it('ends with the slice it has in hand, and starts no other', async () => {
    const { worker, says, started, committed } = setUpWorker();
    const end = createHold();
    says.end = () => end.released.then(() => completed);
    worker.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    worker.offer([message(1, envelope())]);
    const stopped = worker.stop();
    assert.equal(await Promise.race([stopped.then(() => 'stopped'), sleep(200, 'running')]), 'running');
    end.release();
    await stopped;
    assert.equal(started.length, 1);
    assert.deepEqual(committed, ['1']);
  });

  it('waits for the end of a slice that was on its way to Temporal when it was stopped, and copies what is for a person', async () => {
    const { worker, says, started, asked, rejected, committed } = setUpWorker();
    const start = createHold();
    says.start = () => start.released;
    says.end = () => ({ completed: true, invalid: [{ list: 0, reason: 'an invalid intent' }] });
    worker.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(asked.length, 1);
    });
    const stopped = worker.stop();
    start.release();
    await stopped;
    // The slice is committed, so that nobody reads it again.
    assert.deepEqual([started.length, committed], [1, ['1']]);
    assert.deepEqual(rejected(), [['0', 'an invalid intent']]);
  });

  it('finishes what it holds of a topic that is gone, and commits nothing in the new one', async () => {
    const { worker, says, started, committed } = setUpWorker();
    const start = createHold();
    says.start = () => start.released;
    const ids = newIds(3);
    worker.offer(messagesOf(ids.slice(0, 1)));
    worker.offer(messagesOf(ids.slice(1), 1));
    worker.disown();
    start.release();
    await soon(() => {
      assert.deepEqual(started.flat(), ids);
    });
    await worker.stop();
    assert.deepEqual(committed, []);
  });

  it('starts nothing any more when its partition is somebody else’s', async () => {
    const { worker, says, started, committed } = setUpWorker();
    says.start = () => Promise.reject(away());
    worker.offer(messagesOf(newIds(2)));
    await soon(() => {
      assert.equal(worker.waiting, true);
    });
    worker.abandon();
    says.start = () => undefined;
    await soon(() => {
      assert.equal(worker.waiting, false);
    });
    // The partition's new owner starts these lists, and what comes behind them. Here they would come late.
    assert.deepEqual([started, committed, worker.buffered, worker.bytes], [[], [], 0, 0]);
    await worker.stop();
  });

  it('copies what is for a person also of a slice whose partition went to somebody else while it started', async () => {
    const { worker, says, started, asked, rejected, committed } = setUpWorker();
    const start = createHold();
    says.start = () => start.released;
    says.end = () => ({ completed: true, invalid: [{ list: 0, reason: 'an invalid intent' }] });
    const ids = newIds(2);
    worker.offer(messagesOf(ids));
    await soon(() => {
      assert.equal(asked.length, 1);
    });
    worker.abandon();
    start.release();
    await worker.stop();
    assert.deepEqual([started, committed], [[ids], []]);
    assert.deepEqual(rejected(), [['0', 'an invalid intent']]);
  });
});
