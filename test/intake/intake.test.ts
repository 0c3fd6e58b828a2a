/**
 * These tests run the intake on real servers. They check what it hands over and commits, also when a server or a topic
 * goes.
 */
import assert from 'node:assert/strict';
import { until } from '../../src/flow-control/until.js';
import { switchableServer } from '../support/switchable-server.js';
import { makeTopics } from '../support/topics.js';
import { useLiveIntake } from './live-intake.js';

describe('intake', function () {
  this.timeout(120_000);
  const live = useLiveIntake();

  it('leaves the group also when it is stopped while it joins: the next one has all partitions', async () => {
    await (await live.start()).intake.stop(0);
    const { intake } = await live.start();
    await until(20_000, () => {
      assert.equal(intake.check().detail, '2 partitions');
      return Promise.resolve();
    });
  });

  it('hands over every envelope once, in the order of its partition, commits behind it, and leaves', async () => {
    const before = [await live.emit(0, 40), await live.emit(1, 40)];
    const { intake, metrics } = await live.start();
    await live.arrives(0, before[0]!);
    const after = await live.emit(0, 600);
    await live.arrives(0, [...before[0]!, ...after]);
    await live.arrives(1, before[1]!);
    await until(5_000, async () => assert.equal(await live.committed(0), 640));
    assert.match(await metrics(), /^intake_envelopes_total 680$/m);
    await intake.stop(5_000);
    const { groups } = await live.admin.describeGroups([live.groupId]);
    assert.deepEqual(groups[0]?.members, [], 'it has left when it has stopped');
  });

  it('waits while Temporal is unavailable, without leaving the group, and loses nothing', async () => {
    const temporal = await switchableServer(live.environment.endpoints.temporal.address);
    const { metrics, intake } = await live.start(temporal.address);
    const ids = await live.emit(0, 30);
    await until(20_000, async () => assert.match(await metrics(), /^intake_partitions_paused 1$/m));
    assert.deepEqual(intake.check(), { ok: true, detail: '2 partitions' });
    assert.equal(await live.committed(0), -1);
    await temporal.on();
    await live.arrives(0, ids);
    await temporal.off();
  });

  it('loses nothing when a second consumer joins and leaves', async () => {
    await live.start();
    const ids = [...(await live.emit(0, 300, { options: { sleepMs: 300 } }))];
    const second = await live.start();
    ids.push(...(await live.emit(0, 300, { options: { sleepMs: 300 } })));
    await until(30_000, () => {
      assert.equal(second.intake.check().detail, '1 partitions');
      return Promise.resolve();
    });
    ids.push(...(await live.emit(0, 300)));
    await second.intake.stop(1_000);
    ids.push(...(await live.emit(0, 300)));
    await until(40_000, async () => assert.deepEqual([...new Set(await live.arrived(0))], ids));
  });

  it('reads a topic that was deleted and created again from its beginning', async () => {
    await live.start();
    const before = await live.emit(0, 5);
    await live.arrives(0, before);
    await live.admin.deleteTopics({ topics: [live.topic] });
    await until(20_000, async () => assert.equal((await live.admin.listTopics()).includes(live.topic), false));
    await until(20_000, () => makeTopics(live.admin, [{ topic: live.topic, numPartitions: 2 }]));
    const after = await until(20_000, () => live.emit(0, 8));
    await until(60_000, async () => assert.deepEqual(await live.arrived(0), [...before, ...after]));
  });
});
