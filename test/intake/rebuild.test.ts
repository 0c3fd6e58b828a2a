/** A consumer that crashes, fails to fetch or stands still is built anew, and loses nothing by that. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { turns, useIntakes } from './fake-kafka.js';
import { createHold, messagesOf, newIds, soon } from './support.js';

describe('intake: a consumer that is given up', () => {
  const setUp = useIntakes();

  it('builds a consumer anew that has crashed, reads again what that one has buffered, and lets it commit nothing', async () => {
    const { intake, consumers, first, says, started, metric } = await setUp();
    first.join('me', [0]);
    const start = createHold();
    says.start = () => start.released;
    const ids = newIds(3);
    await first.deliver(0, messagesOf(ids));
    // This message is behind the slice that is on its way to Temporal.
    await first.deliver(0, messagesOf(newIds(1), 3));
    first.emit('CRASH', { error: new Error('crashed') });
    first.emit('CRASH', { error: new Error('once more') });
    assert.deepEqual(intake.check(), { ok: false, detail: 'not in the group' });
    start.release();
    await soon(() => {
      assert.equal(consumers.length, 2);
    });
    await turns();
    assert.deepEqual([first.disconnects, first.committed, started], [1, [], [ids]]);
    const [, second] = consumers;
    second!.join('me again', [0]);
    await second!.deliver(0, messagesOf(ids));
    await soon(() => {
      assert.deepEqual(second!.committed, ['0:3']);
    });
    assert.deepEqual([started.length, await metric('intake_consumer_rebuilds_total')], [2, 1]);
    // An event of the old consumer changes nothing any more.
    first.join('me', [0, 1]);
    assert.equal(intake.check().detail, '1 partitions');
  });

  it('builds a consumer anew whose fetch failed, but not for fetches of several brokers', async () => {
    const { first, metric } = await setUp();
    first.join('me', [0]);
    for (const nodeId of [1, 2]) first.emit('FETCH_START', { nodeId });
    for (const nodeId of [1, 2]) first.emit('FETCH', { nodeId });
    first.emit('FETCH_START', { nodeId: 1 });
    assert.equal(await metric('intake_consumer_rebuilds_total'), 0);
    first.emit('FETCH_START', { nodeId: 1 });
    assert.equal(await metric('intake_consumer_rebuilds_total'), 1);
  });

  it('builds no consumer anew once it is stopped', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { intake, first, consumers } = await setUp();
    first.emit('CRASH', { error: new Error('crashed') });
    await turns();
    await intake.stop(0);
    mock.timers.tick(60_000);
    await turns();
    assert.equal(consumers.length, 1);
  });

  it('is built anew after 90 s without a sign of life, and not while there are heartbeats or fetches', async () => {
    mock.timers.enable({ apis: ['setInterval', 'Date'] });
    const { first, metric } = await setUp();
    first.join('me', [0]);
    for (const sign of ['HEARTBEAT', 'FETCH', 'HEARTBEAT'] as const) {
      mock.timers.tick(80_000);
      first.emit(sign, { nodeId: 1 });
    }
    mock.timers.tick(89_000);
    assert.equal(await metric('intake_consumer_rebuilds_total'), 0);
    mock.timers.tick(7_000);
    assert.equal(await metric('intake_consumer_rebuilds_total'), 1);
  });
});
