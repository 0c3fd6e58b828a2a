/** Dead letters in their table, without a broker: which hold a key back, which are chosen, and what a redrive leaves. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { NewDeadLetter } from '../../../src/domain/dead-letters/port.js';
import type { EventPublisher, OutboundMessage } from '../../../src/domain/events/publisher.js';
import { deliver } from '../../../src/kafka/delivery.js';
import { createDeadLetterStore } from '../../../src/postgres/dead-letters/dead-letter-store.js';
import { until } from '../../../src/flow-control/until.js';
import { one, useDatabase } from '../support.js';

const SUFFIX = '.dlq';

describe('dead letters', () => {
  const database = useDatabase();
  const store = () => createDeadLetterStore(database.pool);
  afterEach(() => database.pool.query('TRUNCATE dead_letters, executed_intents'));

  const letter = (value: number, key = 'k', topic = 't'): NewDeadLetter => {
    const event_id = randomUUID();
    const message = { topic, key, value: JSON.stringify(value), headers: { event_id } };
    return { intent_id: randomUUID(), event_id, message, failure_reason: 'test', retry_attempts: 3 };
  };
  /** A broker that takes everything but what `refuses` names a class for; `sent` is what it took. */
  function broker(refuses: (message: OutboundMessage) => FailureClass | undefined = () => undefined) {
    const sent: string[] = [];
    const publisher: EventPublisher = {
      publish: (messages) =>
        Promise.resolve(
          messages.map((message) => {
            const failureClass = refuses(message);
            if (failureClass !== undefined) {
              return { sent: false, error: new EffectError(failureClass, `refused ${message.value}`) };
            }
            sent.push(`${message.topic} ${message.value}`);
            return { sent: true };
          }),
        ),
    };
    return { sent, outlet: { publisher, topicSuffix: SUFFIX } };
  }
  const valuesOf = (letters: readonly { readonly message: OutboundMessage }[]) =>
    letters.map(({ message }): unknown => JSON.parse(message.value));

  for (const open of [100, 101, 102]) {
    it(`hold their own topic and key back, each of ${open}, and no other`, async () => {
      const letters = Array.from({ length: open }, (_, n) => letter(n, `key ${n}`));
      await store().add(letters, []);
      const messages = letters.map(({ message }) => message);
      assert.deepEqual(
        await store().blocked(messages),
        messages.map(() => true),
      );
      assert.deepEqual(
        await store().blocked([{ ...messages[0]!, topic: 'other' }, { ...messages[0]!, key: 'other' }, messages[1]!]),
        [false, false, true],
      );
    });
  }

  it('hold nothing back once they are redriven, however many are open beside them', async () => {
    const letters = Array.from({ length: 150 }, (_, n) => letter(n, `key ${n}`));
    await store().add(letters, []);
    const { outlet } = broker();
    const [first] = await store().list({}, 0, 1);
    await store().redrive({ ids: [first!.id] }, 0, 10, outlet);
    assert.deepEqual(await store().blocked([letters[0]!.message, letters[1]!.message]), [false, true]);
    await database.pool.query('UPDATE dead_letters SET redriven_at = now() WHERE message_key <> $1', ['key 149']);
    assert.deepEqual(await store().blocked([letters[1]!.message, letters[149]!.message]), [false, true]);
  });

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
    // One sends; the other either waits for it or sends as well.
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
    const first = await store().redrive({}, 0, 2, outlet);
    assert.notEqual(first.next, null);
    const second = await store().redrive({}, first.next ?? 0, 2, outlet);
    assert.deepEqual([second.redriven, second.failed, second.behind, second.next], [1, 0, 0, null]);
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
      assert.equal((await store().redrive({}, 0, 10, outlet)).failed, 1);
      const [open] = await store().list({}, 0, 10);
      assert.deepEqual([open?.redrive_count, open?.failure_reason], [redrives, 'refused 7']);
    }
    assert.equal(sent.length, 1, 'one copy');
    assert.match(sent[0]!, /^t\.dlq .*"original_data":7/);
    // As the schedule asks: what was refused so often is left to a person.
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
      publish: (messages, { strict = false } = {}) => deliver(messages, send, new Set(strict ? messages : [])),
    };
    const page = await store().redrive({}, 0, 10, { publisher, topicSuffix: SUFFIX });
    assert.deepEqual([page.redriven, page.failed, page.behind, stored], [1, 1, 1, ['2']]);
    assert.deepEqual(
      (await store().list({}, 0, 10)).map(({ redrive_count }) => redrive_count),
      [1, 0],
    );
  });

  it('are chosen by topic, by id, and from a time on, that time included', async () => {
    await store().add([letter(0), letter(1), letter(2, 'k', 'other')], []);
    await database.pool.query(
      `UPDATE dead_letters SET created_at = '2026-01-01T00:00:00Z'::timestamptz + message_value::int * INTERVAL '1 hour'`,
    );
    const [, second] = await store().list({}, 0, 10);
    const chosen = async (filter: Parameters<ReturnType<typeof store>['list']>[0]) =>
      valuesOf(await store().list(filter, 0, 10));
    assert.deepEqual(await chosen({ topic: 't' }), [0, 1]);
    assert.deepEqual(await chosen({ ids: [second!.id] }), [1]);
    assert.deepEqual(await chosen({ since: '2026-01-01T01:00:00Z' }), [1, 2]);
    assert.deepEqual(await chosen({ since: '2026-01-01T01:00:00Z', topic: 't' }), [1]);
    assert.deepEqual(valuesOf(await store().list({}, second!.id, 10)), [2], 'after the page before');
    assert.deepEqual(valuesOf(await store().list({}, 0, 2)), [0, 1], 'oldest first');
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

  it('are there once, however often they are added, with their ledger row', async () => {
    const given = letter(0);
    const record = {
      intent_id: given.intent_id,
      intent_type: 'PublishEvent',
      payload_hash: 'ab',
      execution_id: 'w/r',
      result: { event_id: given.event_id, event_published: false },
    };
    await store().add([given], [record]);
    await store().add([{ ...given, failure_reason: 'later' }], [record]);
    assert.deepEqual(
      (await store().list({}, 0, 10)).map(({ failure_reason }) => failure_reason),
      ['test'],
    );
    await store().redrive({}, 0, 10, broker().outlet);
    const { published } = await one<{ published: boolean }>(
      database.pool,
      `SELECT outcome -> 'event_published' AS published FROM executed_intents WHERE intent_id = $1`,
      [given.intent_id],
    );
    assert.equal(published, true, 'a repeat of the intent is told that its event is out');
  });
});
