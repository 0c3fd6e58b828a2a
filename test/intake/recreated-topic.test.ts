/**
 * These tests check when a worker takes messages for those of its topic, and when for those of another topic with the
 * same name.
 */
import assert from 'node:assert/strict';
import pLimit from 'p-limit';
import { Registry } from 'prom-client';
import { PartitionWorker } from '../../src/intake/partition-worker.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import type { RawMessage } from '../../src/domain/dead-letters/rejected-copy.js';
import type { EventPublisher } from '../../src/domain/events/publisher.js';
import { createLogger } from '../../src/log.js';
import { never } from '../model/faults.js';
import { turns } from './fake-kafka.js';
import { createHold } from './support.js';

const message = (offset: number, value = String(offset), timestamp = 0): RawMessage => ({
  topic: 't',
  partition: 0,
  offset: String(offset),
  key: null,
  value: Buffer.from(value),
  timestamp,
  headers: [],
});

describe('intake: a topic that was created again', () => {
  /** Makes a worker that has read the offsets 5 and 6, and waits with them. */
  function setUp(commit: () => Promise<void> = never, publish: EventPublisher['publish'] = never) {
    const worker = new PartitionWorker(
      't/0',
      {
        runner: { start: never, ended: never },
        publisher: { publish },
        dlqSuffix: '.dlq',
        mayStart: () => ({ ok: true, retryAfterMs: 0 }),
        slots: pLimit(1),
        metrics: createIntakeMetrics(new Registry()),
        logger: createLogger('silent'),
      },
      { commit, roomAgain: () => undefined },
    );
    worker.offer([message(5), message(6)]);
    return worker;
  }

  it('is known by offsets that were read before', () => {
    const worker = setUp();
    assert.equal(worker.isOther([message(7)]), false);
    assert.equal(worker.isOther([message(4)]), true);
    assert.equal(worker.isOther([message(0)]), true);
  });

  it('is known after a rejoin too, by younger messages before the first that was read', () => {
    const worker = setUp();
    worker.rejoined();
    assert.equal(worker.isOther([message(5), message(6)]), false);
    assert.equal(worker.isOther([message(3), message(4, '4', 1)]), true);
  });

  it('differs from an offset of the group that was set back, by repeats which are no younger', () => {
    const worker = setUp();
    worker.rejoined();
    assert.equal(worker.isOther([message(3), message(4)]), false);
    worker.offer([message(3), message(4)]);
    assert.equal(worker.isOther([message(5), message(6)]), false, 'what stands behind the repeats');
    assert.equal(worker.isOther([message(5, 'another')]), true);
    worker.offer([message(5), message(6)]);
    assert.equal(worker.isOther([message(3), message(4)]), true, 'the repeats come once only');
  });

  it('is known after a rejoin by other bytes at an offset that is buffered', () => {
    const worker = setUp();
    worker.rejoined();
    assert.equal(worker.isOther([message(5, 'another')]), true);
    assert.equal(worker.isOther([message(5, '5', 1)]), true, 'or by its time');
    assert.equal(worker.isOther([message(6, 'another')]), true, 'or behind the first one');
  });

  it('is known after a rejoin by another message where one was handed over that could not be committed', async () => {
    const worker = setUp(
      () => Promise.reject(new Error('the group has another generation')),
      (copies) => Promise.resolve(copies.map(() => ({ sent: true }))),
    );
    await turns();
    assert.equal(worker.buffered, 0);
    worker.rejoined();
    assert.equal(worker.isOther([message(5), message(6)]), false);
    assert.equal(worker.isOther([message(5, 'another'), message(6)]), true);
  });

  it('is known by that message also when its commit is taken after the rejoin', async () => {
    const commit = createHold();
    const worker = setUp(
      () => commit.released,
      (copies) => Promise.resolve(copies.map(() => ({ sent: true }))),
    );
    await turns();
    assert.equal(worker.buffered, 0);
    worker.offer([message(7)]);
    worker.rejoined();
    commit.release();
    await turns();
    // The consumer may have asked for the group's offset before the commit or after it, so that 5 or 7 may come next.
    assert.equal(worker.isOther([message(5), message(6)]), false);
    assert.equal(worker.isOther([message(7)]), false);
    assert.equal(worker.isOther([message(5, 'another')]), true);
  });

  it('is known by a message that was buffered at the rejoin, too, when it is committed', async () => {
    const copies = createHold();
    const worker = setUp(
      () => Promise.resolve(),
      (sent) => copies.released.then(() => sent.map(() => ({ sent: true }))),
    );
    worker.rejoined();
    copies.release();
    await turns();
    assert.equal(worker.buffered, 0);
    assert.equal(worker.isOther([message(5), message(6)]), false);
    assert.equal(worker.isOther([message(5, 'another')]), true);
  });

  it('is known by that message also when repeats of what is committed were handed over before', async () => {
    let refuses = true;
    const worker = setUp(
      () => (refuses ? Promise.reject(new Error('the group has another generation')) : Promise.resolve()),
      (copies) => Promise.resolve(copies.map(() => ({ sent: true }))),
    );
    await turns();
    refuses = false;
    worker.offer([message(7)]);
    await turns();
    // This fetch is from before the commit, and is delivered only now.
    worker.offer([message(5), message(6), message(7)]);
    await turns();
    refuses = true;
    worker.offer([message(8), message(9)]);
    await turns();
    assert.equal(worker.buffered, 0);
    worker.rejoined();
    assert.equal(worker.isOther([message(8), message(9)]), false);
    assert.equal(worker.isOther([message(8, 'another')]), true);
  });

  it('differs from an offset of the group that was set back, by the message that is read again behind the repeats', () => {
    const worker = setUp();
    worker.rejoined();
    const repeats = [message(3), message(4)];
    assert.equal(worker.isOther([...repeats, message(5, 'another'), message(6)]), true);
    assert.equal(worker.isOther([...repeats, message(5), message(6)]), false);
    worker.offer([...repeats, message(5), message(6)]);
    assert.equal(worker.buffered, 4, 'the repeats behind what was buffered');
    assert.equal(worker.isOther([message(5), message(6)]), true, 'the message is read again once only');
    assert.equal(worker.isOther([message(7)]), false);
  });
});
