/**
 * These tests check how the intake stops and leaves its group. It leaves when running work has ended, or when its grace
 * period is over.
 */
import assert from 'node:assert/strict';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import { createHold, messagesOf, newIds, soon } from './support.js';
import { turns, useIntakes } from './fake-kafka.js';

const completed: SliceEnd = { completed: true, invalid: [] };

describe('intake: leaving its group', () => {
  const setUp = useIntakes();

  it('is stopped after the slices of a topic that is gone have ended too, and then leaves the group', async () => {
    const { intake, first, says, started, rejected } = await setUp();
    const end = createHold();
    // The slice of the old topic takes longer than that of the new one.
    says.end = async (run) => {
      if (run === 'run-1') await end.released;
      return { completed: true, invalid: [{ list: 0, reason: 'invalid' }] };
    };
    first.join('me', [0]);
    await first.deliver(0, messagesOf(newIds(1)));
    await soon(() => {
      assert.deepEqual(first.committed, ['0:1']);
    });
    await first.deliver(0, messagesOf(newIds(1)));
    await soon(() => {
      assert.deepEqual([started.length, rejected().length], [2, 1]);
    });
    let stopped = false;
    const stopping = intake.stop(60_000).then(() => (stopped = true));
    await turns();
    assert.deepEqual([stopped, first.disconnects], [false, 0]);
    end.release();
    await stopping;
    assert.deepEqual([rejected().length, first.disconnects], [2, 1]);
  });

  it('takes nothing new while it is stopped, and leaves when the grace period is over', async () => {
    const { intake, first, says, started } = await setUp();
    const end = createHold();
    says.end = () => end.released.then(() => completed);
    first.join('me', [0, 1]);
    await first.deliver(0, messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    let stopped = false;
    void intake.stop(50).then(() => (stopped = true));
    await first.deliver(1, messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(stopped, true);
    });
    assert.deepEqual([started.length, first.resolved.has(1), first.disconnects], [1, false, 1]);
    end.release();
  });

  it('has left the group when it has stopped: its partitions are free', async () => {
    const { intake, first } = await setUp();
    const left = createHold();
    first.leaving = left.released;
    first.join('me', [0]);
    let stopped = false;
    const stopping = intake.stop(1_000).then(() => (stopped = true));
    await turns();
    assert.deepEqual([stopped, first.disconnects], [false, 1]);
    left.release();
    await stopping;
  });

  it('leaves also when it is stopped while it joins: after that, or it would stay', async () => {
    const joined = createHold();
    const { intake, first } = await setUp({ prepare: (consumer) => void (consumer.joining = joined.released) });
    const stopped = intake.stop(0);
    await turns();
    assert.equal(first.disconnects, 0);
    joined.release();
    await stopped;
    assert.equal(first.disconnects, 1);
  });
});
