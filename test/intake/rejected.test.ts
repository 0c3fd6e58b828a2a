/**
 * These tests check the copies of what the intake rejects. They are on the `.dlq` topic of a real broker, and hold the
 * message itself.
 */
import assert from 'node:assert/strict';
import kafkajs, { type IHeaders } from 'kafkajs';
import { until } from '../../src/flow-control/until.js';
import { bridgeHere } from '../support/bridge-here.js';
import { restored } from '../support/rejected.js';
import { releaseSlice } from '../support/slice-workflow.js';
import { envelope, useLiveIntake } from './live-intake.js';

describe('intake: what it rejects', function () {
  this.timeout(120_000);
  const live = useLiveIntake();

  interface Sent {
    readonly key?: Buffer | string | null;
    readonly value: Buffer | string | null;
    readonly headers?: IHeaders;
  }
  const send = (...messages: readonly Sent[]) =>
    live.producer.send({ topic: live.topic, messages: messages.map((message) => ({ partition: 0, ...message })) });
  const bytesOf = (of: Buffer | string | null) => (of === null ? null : Buffer.from(of));
  const asSent = ({ key = null, value, headers = {} }: Sent) => ({
    key: bytesOf(key),
    value: bytesOf(value),
    headers: Object.entries(headers).flatMap(([name, of = []]) =>
      [of].flat().map((each) => [name, bytesOf(each)] as const),
    ),
  });

  it('copies what has no list, byte for byte and with the reason in headers, and goes on behind it', async () => {
    const first = await live.emit(0, 2);
    const odd = Buffer.from([0xff, 0xfe, 0x00]);
    const messages: Sent[] = [
      { key: 'k', value: '{"event_id":', headers: { origin: 'a test' } },
      { key: odd, value: odd, headers: { h: ['1', odd, Buffer.alloc(0)], i: odd } },
      { value: null },
      { key: Buffer.alloc(0), value: Buffer.alloc(0) },
      // This message looks like one that was copied before, and emitted again as it was.
      { value: 'again', headers: { '__intake.errors.reason': 'before', '__intake.errors.part': '1' } },
      { value: 'names that JavaScript knows', headers: { constructor: 'c', ['__proto__']: 'p', toString: 't' } },
      { value: JSON.stringify(envelope({ intents: 'none' })) },
    ];
    await send(...messages);
    const last = await live.emit(0, 2);
    const { metrics } = await live.start();
    await live.arrives(0, [...first, ...last]);
    const copies = await live.copies(messages.length);
    assert.deepEqual(
      copies.map((copy) => restored([copy])),
      messages.map(asSent),
    );
    assert.deepEqual(
      copies.map(({ rejection: { topic, partition, offset } }) => [topic, partition, offset]),
      messages.map((_, index) => [live.topic, '0', String(index + 2)]),
    );
    for (const { rejection } of copies) {
      assert.ok(Math.abs(Number(rejection.timestamp) - Date.now()) < 120_000, `at ${rejection.timestamp}`);
    }
    assert.deepEqual(
      [copies[1], copies[2], copies[6]].map((copy) => copy?.rejection.reason),
      [
        'envelope: expected UTF-8, got UTF-16 (little-endian); convert it: iconv -f UTF-16LE -t UTF-8',
        'envelope: expected JSON, got nothing',
        'payload.intents: expected an array, got string "none"',
      ],
    );
    assert.match(await metrics(), /^intake_poison_total 7$/m);
  });

  it('copies in parts what the topic took, and takes no more with the headers of a copy', async () => {
    const value = Buffer.from(Array.from({ length: 1_048_400 }, (_, index) => index % 251));
    const large = { key: 'k', value, headers: { h: 'v' } };
    await send(large);
    await send({ value: 'small' });
    await live.start();
    const copies = await live.copies(3);
    assert.deepEqual(
      copies.map(({ rejection: { offset, part, parts } }) => [offset, part, parts]),
      [
        ['0', '1', '2'],
        ['0', '2', '2'],
        ['1', undefined, undefined],
      ],
    );
    const { key, headers, value: bytes } = restored(copies.slice(0, 2));
    assert.deepEqual([key, headers], [asSent(large).key, asSent(large).headers]);
    assert.ok(bytes?.equals(value));
    await until(20_000, async () => assert.equal(await live.committed(0), 2));
  });

  it('waits with a message that its .dlq topic takes no copy of, and loses nothing', async () => {
    const limit = (value: string) =>
      live.admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkajs.ConfigResourceTypes.TOPIC,
            name: `${live.topic}.dlq`,
            configEntries: [{ name: 'max.message.bytes', value }],
          },
        ],
      });
    await limit('10000');
    await send({ value: 'x'.repeat(20_000) });
    const { metrics } = await live.start();
    await until(20_000, async () => assert.match(await metrics(), /^intake_partitions_paused 1$/m));
    assert.equal(await live.committed(0), -1);
    await limit('1048588');
    const [copy] = await live.copies(1);
    assert.equal(copy?.value?.length, 20_000);
    await until(20_000, async () => assert.equal(await live.committed(0), 1));
  });

  it('copies again what was not committed before it ended, under the same offset and time', async () => {
    await send({ value: 'no envelope' });
    const { intake } = await live.start();
    await until(20_000, async () => assert.equal(await live.committed(0), 1));
    await intake.stop(5_000);
    // The offset is set back, as if the intake had been killed after the copy and before the commit.
    await live.admin.setOffsets({
      groupId: live.groupId,
      topic: live.topic,
      partitions: [{ partition: 0, offset: '0' }],
    });
    await live.start();
    const [one, two] = await live.copies(2);
    assert.deepEqual(one, two);
    assert.deepEqual(Object.keys(one!.rejection), ['topic', 'partition', 'offset', 'timestamp', 'reason', 'form']);
  });

  it('copies what a slice refuses that ends while the intake stops', async () => {
    // The producer of the copies connects at its first copy, so that this message makes one. Closed before that, the
    // producer would connect all the same.
    await send({ value: 'no envelope' });
    const [id] = await live.emit(0, 1, { options: { held: true, invalid: 'not for this store' } });
    const { intake } = await live.start();
    await live.arrives(0, [id!]);
    const stopping = intake.stop(20_000);
    await live.environment.temporal.workflow.getHandle(`intake/${live.topic}/0`).signal(releaseSlice);
    await stopping;
    const copies = await live.copies(1);
    assert.equal(copies.length, 2);
    assert.match(String(copies[1]?.value), new RegExp(`^{"envelope_version":"1.0","event_id":"${id}"`));
    assert.equal(copies[1]?.rejection.reason, 'not for this store');
  });

  it('a process that is asked to stop copies what a slice refuses that ends meanwhile', async () => {
    // The producer of the copies connects at its first copy, so that this message makes one. Closed before that, the
    // producer would connect all the same.
    await send({ value: 'no envelope' });
    const [id] = await live.emit(0, 1, { options: { held: true, invalid: 'not for this store' } });
    const others = new Set(process.listeners('SIGTERM'));
    let ended = false;
    const env = { ...live.env, SHUTDOWN_GRACE_SECONDS: '20' };
    const run = bridgeHere(['intake', '--json'], env).finally(() => (ended = true));
    await live.arrives(0, [id!]);
    // Only the command gets the signal, because the workers of this process listen as well.
    for (const tell of process.listeners('SIGTERM')) if (!others.has(tell)) tell('SIGTERM');
    await live.environment.temporal.workflow.getHandle(`intake/${live.topic}/0`).signal(releaseSlice);
    await until(20_000, () => Promise.resolve().then(() => assert.ok(ended)));
    assert.equal((await run).code, 0);
    const copies = await live.copies(1);
    assert.deepEqual([copies.length, copies[1]?.rejection.reason], [2, 'not for this store']);
  });
});
