/**
 * These tests check the dead letters that a redrive sends, without a broker. They say in which order letters are sent,
 * which wait, and what a refusal leaves.
 */
import assert from 'node:assert/strict';
import { EffectError } from '../../../src/domain/failures/failure.js';
import type { EventPublisher, OutboundMessage } from '../../../src/domain/events/publisher.js';
import { until } from '../../../src/flow-control/until.js';
import { deliver } from '../../../src/kafka/delivery.js';
import { createDeadLetterStore } from '../../../src/postgres/dead-letters/dead-letter-store.js';
import { one, useDatabase } from '../support.js';
import { broker, letter, SUFFIX, valuesOf } from './letters.js';

describe('redriven dead letters', () => {
  const database = useDatabase();
  const store = () => createDeadLetterStore(database.pool);
  afterEach(() => database.pool.query('TRUNCATE dead_letters, executed_intents'));

  it('are sent once by two redrives that come at once', async () => {
    const letters = [0, 1, 2].map((n) => letter(n));
    await store().add(letters, []);
    const { sent, outlet } = broker();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let asked = 0;
    const publisher: EventPublisher = {
      async publish(messages, options) {
        if (messages.length > 0 && !messages[0]!.topic.endsWith(SUFFIX)) asked += 1;
        await gate;
        return outlet.publisher.publish(messages, options);
      },
    };
    const redriving = [0, 1].map(() => store().redrive({}, 0, 10, { publisher, topicSuffix: SUFFIX }));
    // One redrive sends. The other one either waits for it or sends as well.
    await until(10_000, async () => {
      if (asked < 2) {
        await one(
          database.pool,
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
      }
    });
    open();
    const pages = await Promise.all(redriving);
    assert.deepEqual(sent, ['t 0', 't 1', 't 2']);
    assert.deepEqual(pages.map(({ redriven }) => redriven).sort(), [0, 3]);
  });

  it('are left to another redrive that is under way, which is waited for no longer than a few seconds', async function () {
    this.timeout(20_000);
    await store().add([letter(0)], []);
    const { sent, outlet } = broker();
    const client = await database.pool.connect();
    try {
      await client.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtext('dead_letters'))`);
      await assert.rejects(store().redrive({}, 0, 10, outlet), { failureClass: 'transient' });
      assert.deepEqual(sent, []);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
    assert.equal((await store().redrive({}, 0, 10, outlet)).redriven, 1);
  });

  it('go page by page, in their order, to the last one', async () => {
    const letters = Array.from({ length: 5 }, (_, n) => letter(n));
    await store().add(letters, []);
    const { sent, outlet } = broker();
    const pages = [];
    for (let after: number | null = 0; after !== null && pages.length < 5;) {
      const page: Awaited<ReturnType<ReturnType<typeof store>['redrive']>> = await store().redrive(
        {},
        after,
        2,
        outlet,
      );
      pages.push([page.redriven, page.failed, page.behind, page.stopped]);
      after = page.next;
    }
    assert.deepEqual(pages, [
      [2, 0, 0, null],
      [2, 0, 0, null],
      [1, 0, 0, null],
    ]);
    assert.deepEqual(
      sent,
      letters.map((_, n) => `t ${n}`),
    );
    assert.deepEqual(await store().list({}, 0, 10), []);
  });

  it('go on after a page of which none was taken: the next page is another one', async () => {
    await store().add([letter(0, 'a'), letter(1, 'a'), letter(2, 'b')], []);
    const { sent, outlet } = broker(({ topic, key }) => (key === 'a' && topic === 't' ? 'invalid' : undefined));
    const pages = [];
    for (let after: number | null = 0; after !== null && pages.length < 5;) {
      const page: Awaited<ReturnType<ReturnType<typeof store>['redrive']>> = await store().redrive(
        {},
        after,
        1,
        outlet,
      );
      pages.push([page.redriven, page.failed, page.behind]);
      after = page.next;
    }
    const counts = pages.reduce((sum, page) => sum.map((count, index) => count + (page[index] ?? 0)), [0, 0, 0]);
    assert.deepEqual(counts, [1, 1, 1]);
    assert.deepEqual(
      sent.filter((text) => text.startsWith('t ')),
      ['t 2'],
    );
  });

  it('end the redrive where no broker answers, count no refusal and copy nothing', async () => {
    await store().add([letter(0), letter(1)], []);
    const { outlet } = broker(() => 'unavailable');
    const page = await store().redrive({}, 0, 1, outlet);
    assert.deepEqual([page.redriven, page.next, page.stopped], [0, null, 'refused 0']);
    const { count, copies } = await one<{ count: number; copies: number }>(
      database.pool,
      'SELECT sum(redrive_count)::int AS count, count(copied_at)::int AS copies FROM dead_letters',
    );
    assert.deepEqual([count, copies], [0, 0]);
  });

  it('count each refusal, and are copied once', async () => {
    await store().add([letter(7)], []);
    const { sent, outlet } = broker(({ topic }) => (topic === 't' ? 'invalid' : undefined));
    for (const redrives of [1, 2]) {
      const page = await store().redrive({}, 0, 10, outlet);
      assert.equal(page.failed, 1);
      // The copies follow the letters, and are no page of their own once they are sent.
      assert.equal(page.next === null, redrives === 2);
      if (page.next !== null) assert.equal((await store().redrive({}, page.next, 10, outlet)).next, null);
      const [open] = await store().list({}, 0, 10);
      assert.deepEqual([open?.redrive_count, open?.failure_reason], [redrives, 'refused 7']);
    }
    assert.equal(sent.length, 1, 'one copy');
    assert.match(sent[0]!, /^t\.dlq .*"original_data":7/);
    // The schedule asks with `maxRedrives`, which leaves letters that were refused so often to a person.
    assert.equal((await store().list({ maxRedrives: 3 }, 0, 10)).length, 1);
    assert.equal((await store().list({ maxRedrives: 2 }, 0, 10)).length, 0);
  });

  it('are not counted as refused behind one of their key that is', async () => {
    await store().add([letter(0), letter(1), letter(2, 'free')], []);
    const stored: string[] = [];
    const send = (messages: readonly OutboundMessage[]) => {
      if (messages.some(({ value }) => value === '0')) return Promise.reject(new EffectError('invalid', 'too large'));
      stored.push(...messages.filter(({ topic }) => topic === 't').map(({ value }) => value));
      return Promise.resolve();
    };
    const publisher: EventPublisher = {
      publish: (messages: readonly OutboundMessage[], { strict = false } = {}) =>
        deliver(messages, send, new Set(strict ? messages : [])),
    };
    const page = await store().redrive({}, 0, 10, { publisher, topicSuffix: SUFFIX });
    assert.deepEqual([page.redriven, page.failed, page.behind, stored], [1, 1, 1, ['2']]);
    assert.deepEqual(
      (await store().list({}, 0, 10)).map(({ redrive_count }) => redrive_count),
      [1, 0],
    );
  });

  it('are not counted as refused behind an event of somebody else that is', async () => {
    await store().add([letter(0)], []);
    const error = new EffectError('invalid', 'too large');
    const publisher: EventPublisher = {
      publish: (messages) => Promise.resolve(messages.map(() => ({ sent: false, behind: true, error }))),
    };
    const page = await store().redrive({}, 0, 10, { publisher, topicSuffix: SUFFIX });
    assert.deepEqual([page.redriven, page.failed, page.behind], [0, 0, 1]);
    assert.deepEqual(
      (await store().list({}, 0, 10)).map(({ redrive_count }) => redrive_count),
      [0],
    );
  });

  it('are sent by id, whichever later ones of their key are not asked for', async () => {
    await store().add([letter(0), letter(1)], []);
    const [first] = await store().list({}, 0, 10);
    const { outlet } = broker();
    const page = await store().redrive({ ids: [first!.id] }, 0, 10, outlet);
    assert.deepEqual([page.redriven, page.behind], [1, 0]);
    assert.deepEqual(valuesOf(await store().list({}, 0, 10)), [1]);
  });

  it('wait behind an older one of their key that is not in the page', async () => {
    await store().add([letter(0), letter(1), letter(2, 'free')], []);
    const [, second, third] = await store().list({}, 0, 10);
    const { sent, outlet } = broker();
    const page = await store().redrive({ ids: [second!.id, third!.id] }, 0, 10, outlet);
    assert.deepEqual([page.redriven, page.behind], [1, 1]);
    assert.deepEqual(
      sent.filter((text) => text.startsWith('t ')),
      ['t 2'],
    );
    assert.deepEqual(valuesOf(await store().list({}, 0, 10)), [0, 1]);
  });

  it('wait behind the one before them of their key, also when the page has an even older one', async () => {
    await store().add([letter(0), letter(1), letter(2)], []);
    const [first, , third] = await store().list({}, 0, 10);
    const { sent, outlet } = broker();
    const page = await store().redrive({ ids: [first!.id, third!.id] }, 0, 10, outlet);
    assert.deepEqual([page.redriven, page.behind], [1, 1]);
    assert.deepEqual(
      sent.filter((text) => text.startsWith('t ')),
      ['t 0'],
    );
    assert.deepEqual(valuesOf(await store().list({}, 0, 10)), [1, 2]);
  });
});
