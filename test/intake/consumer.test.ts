/** These tests check the intake as a member of its group: at rebalances, and when topics are created again. */
import assert from 'node:assert/strict';
import { away, createHold, messagesOf, newIds, soon } from './support.js';
import { turns, useIntakes } from './fake-kafka.js';

describe('intake: member of its group', () => {
  const setUp = useIntakes();

  it('is ready once it has joined, and says how much is left', async () => {
    const { intake, first, says, metric } = await setUp();
    assert.deepEqual(intake.check(), { ok: false, detail: 'not in the group' });
    first.join('me', [0, 1, 2]);
    assert.deepEqual(intake.check(), { ok: true, detail: '3 partitions' });
    says.mayStart = false;
    await first.deliver(1, messagesOf(newIds(2)), 10);
    // Two messages are buffered and eight are not fetched: the last offset is the one before the end.
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

  it('reads a topic that was created again from its beginning; what it buffered of the old one is run, and commits nothing', async () => {
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
});
