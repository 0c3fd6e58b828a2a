/** These tests check how much the intake buffers and runs at once, of all its partitions. */
import assert from 'node:assert/strict';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import { createHold, envelope, message, messagesOf, newIds, soon } from './support.js';
import { turns, useIntakes } from './fake-kafka.js';

const completed: SliceEnd = { completed: true, invalid: [] };

describe('intake: room', () => {
  const setUp = useIntakes();

  it('pauses a partition at a megabyte, fetches again what it did not take, and goes on when there is room', async () => {
    const { first, says, started } = await setUp();
    first.join('me', [0, 1]);
    says.mayStart = false;
    // Each message has half a megabyte, in a field beside the list that is not looked at.
    const large = (offset: number) => message(offset, envelope().replace('{', `{"note":"${'x'.repeat(500_000)}",`));
    await first.deliver(0, [large(0), large(1)]);
    await first.deliver(1, messagesOf(newIds(1)));
    assert.deepEqual([...first.pausedPartitions], [0]);
    // This message was under way when the partition was paused.
    await first.deliver(0, [large(2)]);
    assert.equal(first.resolved.get(0), '1');
    // kafkajs keeps the partition paused across a rebalance.
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
    // The other partitions are paused until there is room, and so is the last one that was taken.
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
});
