/** The intake as a member of its group: rebalances, topics created again, what it holds, and how it leaves. */
import assert from 'node:assert/strict';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import { away, createHold, envelope, message, messagesOf, newIds, soon } from './support.js';
import { turns, useIntakes } from './fake-kafka.js';

const completed: SliceEnd = { completed: true, invalid: [] };

describe('intake: member of its group', () => {
  const setUp = useIntakes();

  it('is ready once it has joined, and says how much is left', async () => {
    const { intake, first, says, metric } = await setUp();
    assert.deepEqual(intake.check(), { ok: false, detail: 'not in the group' });
    first.join('me', [0, 1, 2]);
    assert.deepEqual(intake.check(), { ok: true, detail: '3 partitions' });
    says.mayStart = false;
    await first.deliver(1, messagesOf(newIds(2)), 10);
    // Two are held, seven are not fetched; the last offset is that before the end.
    assert.equal(await metric('intake_lag{partition="1"}'), 10);
  });

  it('shows no lag of a partition that a rebalance has taken from it: its new owner does', async () => {
    const { first, says, metric } = await setUp();
    first.join('me', [0, 1]);
    says.mayStart = false;
    for (const partition of [0, 1]) await first.deliver(partition, messagesOf(newIds(2)), 10);
    const lags = () => Promise.all([0, 1].map((partition) => metric(`intake_lag{partition="${partition}"}`)));
    assert.deepEqual(await lags(), [10, 10]);
    first.join('me', [0]);
    assert.deepEqual(await lags(), [10, NaN], 'not a number: there is no such line');
  });

  it('keeps what it holds of the partitions that a rebalance leaves it, and hands it over', async () => {
    const { first, says, started } = await setUp();
    first.join('me', [0, 1]);
    says.mayStart = false;
    const [kept, lost] = [newIds(2), newIds(2)];
    const messages = messagesOf(kept);
    await first.deliver(0, messages);
    await first.deliver(1, messagesOf(lost));
    first.join('me', [0]);
    // kafkajs fetches again what is not committed.
    await first.deliver(0, messages);
    says.mayStart = true;
    await soon(() => {
      assert.deepEqual(started, [kept]);
    });
    await turns();
    assert.deepEqual([started, first.committed], [[kept], ['0:2']]);
  });

  it('copies what is invalid of a slice that runs on when a rebalance leaves it its partition, also when the topic is missing', async () => {
    const { first, says, started, rejected } = await setUp();
    const end = createHold();
    says.end = () => end.released.then(() => ({ completed: true, invalid: [{ list: 0, reason: 'no such intent' }] }));
    let refusals = 2;
    says.publish = () => ((refusals -= 1) >= 0 ? Promise.reject(away()) : Promise.resolve());
    first.join('me', [0]);
    await first.deliver(0, messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(started.length, 1);
    });
    first.join('me', [0]);
    end.release();
    await soon(() => {
      assert.deepEqual(rejected(), [['0', 'no such intent']]);
    });
  });

  it('leaves to others what it has buffered when it joins as somebody else: they may have had it', async () => {
    const { first, says, started } = await setUp();
    first.join('me', [0]);
    says.mayStart = false;
    await first.deliver(0, messagesOf(newIds(2)));
    first.join('somebody else', [0]);
    const next = newIds(2);
    await first.deliver(0, messagesOf(next, 2));
    says.mayStart = true;
    await soon(() => {
      assert.deepEqual(first.committed, ['0:4']);
    });
    assert.deepEqual(started, [next]);
  });

  it('takes nothing of a partition that a rebalance has taken from it', async () => {
    const { first, started } = await setUp();
    first.join('me', [0]);
    first.join('me', []);
    await first.deliver(0, messagesOf(newIds(1)));
    await turns();
    assert.deepEqual([started, first.resolved.size], [[], 0]);
  });

  it('pauses a partition at a megabyte, fetches again what it did not take, and goes on when there is room', async () => {
    const { first, says, started } = await setUp();
    first.join('me', [0, 1]);
    says.mayStart = false;
    // Half a megabyte each: what is around a list is not looked at.
    const large = (offset: number) => message(offset, envelope().replace('{', `{"note":"${'x'.repeat(500_000)}",`));
    await first.deliver(0, [large(0), large(1)]);
    await first.deliver(1, messagesOf(newIds(1)));
    assert.deepEqual([...first.pausedPartitions], [0]);
    // Under way when it was paused.
    await first.deliver(0, [large(2)]);
    assert.equal(first.resolved.get(0), '1');
    // kafkajs keeps it paused.
    first.join('me', [0, 1]);
    assert.deepEqual([...first.pausedPartitions], [0]);
    says.mayStart = true;
    await soon(() => {
      assert.deepEqual([...first.pausedPartitions], []);
    });
    await first.deliver(0, [large(2)]);
    await soon(() => {
      assert.ok(first.committed.includes('0:3'), String(first.committed));
    });
    assert.equal(started.flat().length, 4);
  });

  it('goes on with a partition that was paused when it came to somebody else', async () => {
    const { first, says } = await setUp();
    first.join('me', [0]);
    says.mayStart = false;
    await first.deliver(0, [message(0, Buffer.alloc(1_000_000, ' '))]);
    assert.deepEqual([...first.pausedPartitions], [0]);
    first.join('somebody else', [0]);
    assert.deepEqual([...first.pausedPartitions], []);
  });

  it('holds 64 MB at most, of however many partitions', async () => {
    const { first, says } = await setUp();
    const partitions = Array.from({ length: 100 }, (_, partition) => partition);
    first.join('me', partitions);
    says.mayStart = false;
    const value = Buffer.from(envelope().replace('{', `{"note":"${'x'.repeat(900_000)}",`));
    for (const partition of partitions) await first.deliver(partition, [{ ...message(0, ''), partition, value }]);
    const taken = partitions.filter((partition) => first.resolved.has(partition));
    assert.ok(taken.length >= 64 && taken.length <= 75, `${taken.length} partitions have 0.9 MB each`);
    // The others are fetched when there is room.
    assert.equal(first.pausedPartitions.size, 101 - taken.length);
  });

  it('runs as many slices at once as it may, and one of a partition', async () => {
    const { first, says, started } = await setUp({ maxSlices: 2 });
    const end = createHold();
    says.end = () => end.released.then(() => completed);
    first.join('me', [0, 1, 2]);
    for (const partition of [0, 0, 1, 2]) {
      const offset = Number(first.resolved.get(partition) ?? -1) + 1;
      await first.deliver(partition, messagesOf(newIds(1), offset));
    }
    await soon(() => {
      assert.equal(started.length, 2);
    });
    await turns();
    assert.deepEqual([started.length, first.committed.sort()], [2, ['0:1', '1:1']]);
    end.release();
    await soon(() => {
      assert.equal(started.length, 4);
    });
  });

  it('reads a topic that was created again from its beginning; what it has buffered of the old one is run, and commits nothing', async () => {
    const { first, says, started } = await setUp();
    first.join('me', [0]);
    const [before, held, created] = [newIds(3), newIds(2), newIds(1)];
    await first.deliver(0, messagesOf(before));
    await soon(() => {
      assert.deepEqual(first.committed, ['0:3']);
    });
    says.mayStart = false;
    await first.deliver(0, messagesOf(held, 3));
    await first.deliver(0, messagesOf(created));
    says.mayStart = true;
    await soon(() => {
      assert.equal(started.length, 3);
      assert.deepEqual(first.committed, ['0:3', '0:1']);
    });
    assert.deepEqual(started.flat().sort(), [...before, ...held, ...created].sort());
  });

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
