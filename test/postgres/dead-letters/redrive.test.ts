/**
 * In these tests a redrive dies between the brokers' acknowledgement and its commit, on a real topic. The next redrive
 * goes on with it, in order.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, loadConfig } from '../../../src/config.js';
import type { NewDeadLetter } from '../../../src/domain/dead-letters/port.js';
import type { EventPublisher } from '../../../src/domain/events/publisher.js';
import { createKafka } from '../../../src/kafka/client.js';
import { createPublisher, type KafkaPublisher } from '../../../src/kafka/publisher.js';
import { kafkaSettings } from '../../../src/kafka/settings.js';
import { createLogger } from '../../../src/log.js';
import { createDeadLetterStore } from '../../../src/postgres/dead-letters/dead-letter-store.js';
import { createPool, endPool } from '../../../src/postgres/core/pool.js';
import { readRecords } from '../../support/records.js';
import { command, one, useDatabase } from '../support.js';
import { newTopic } from '../../support/run.js';
import { makeTopics } from '../../support/topics.js';

const LETTERS = 250;
const PAGE = 100;
const KEYS = 7;

describe('redrive', () => {
  const database = useDatabase();
  const topic = newTopic();
  let config: Config;
  let brokers: readonly string[];
  let publisher: KafkaPublisher;
  before(async function () {
    this.timeout(60_000);
    // The settings are read here, because the servers' addresses are only known once the servers run.
    config = loadConfig();
    brokers = config.KAFKA_BOOTSTRAP_SERVERS ?? [];
    const kafka = createKafka(kafkaSettings(config, { brokers }), createLogger('silent'));
    publisher = createPublisher(kafka);
    const admin = kafka.admin();
    await admin.connect();
    await makeTopics(admin, [{ topic, numPartitions: 3 }]);
    await admin.disconnect();
  });
  after(() => publisher.disconnect());

  const letter = (n: number): NewDeadLetter => {
    const event_id = randomUUID();
    const message = { topic, key: `key ${n % KEYS}`, value: JSON.stringify({ n }), headers: { event_id } };
    return { intent_id: randomUUID(), event_id, message, failure_reason: 'test', retry_attempts: 3 };
  };

  /** The event ids that the redrive which died had sent. */
  const sentTwice = new Set<unknown>();
  /** A publisher that sends, and then ends the transaction of the redrive before the redrive has the answer. */
  const dying: EventPublisher = {
    async publish(messages) {
      const outcomes = await publisher.publish(messages);
      assert.ok(outcomes.every(({ sent }) => sent));
      for (const { headers } of messages) sentTwice.add(headers['event_id']);
      await database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      return outcomes;
    },
  };

  it('goes on where it died: every event is there under its id, none is open, and each key is in order', async function () {
    this.timeout(60_000);
    const store = createDeadLetterStore(database.pool);
    const letters = Array.from({ length: LETTERS }, (_, n) => letter(n));
    const record = ({ intent_id, event_id }: NewDeadLetter) => {
      const { payload: result, ...fields } = command({ event_id, event_published: false }, { intent_id });
      return { ...fields, intent_type: 'PublishEvent', result };
    };
    await store.add(letters, letters.map(record));
    const page = (after: number, to: EventPublisher = publisher) =>
      store.redrive({ topic }, after, PAGE, { publisher: to, topicSuffix: '.dlq' });

    const first = await page(0);
    assert.equal(first.redriven, PAGE);
    await assert.rejects(page(first.next ?? 0, dying), { failureClass: 'unavailable' });
    // The next redrive does the same: it begins with the first letter that is open.
    let after: number | null = 0;
    let redriven = 0;
    while (after !== null) {
      const next: Awaited<ReturnType<typeof page>> = await page(after);
      assert.deepEqual([next.failed, next.behind, next.stopped], [0, 0, null]);
      redriven += next.redriven;
      after = next.next;
    }
    assert.equal(redriven, LETTERS - PAGE);

    const open = await one<{ letters: number; unpublished: number }>(
      database.pool,
      `SELECT (SELECT count(*) FROM dead_letters WHERE redriven_at IS NULL)::int AS letters,
         (SELECT count(*) FROM executed_intents WHERE outcome ->> 'event_published' <> 'true')::int AS unpublished`,
    );
    assert.deepEqual(open, { letters: 0, unpublished: 0 });

    // The letters of the page that died are on the topic twice. They were sent by the redrive that died, and again by
    // the next one.
    assert.equal(sentTwice.size, PAGE);
    const times = (event_id: string): number => (sentTwice.has(event_id) ? 2 : 1);
    const records = await readRecords({ brokers }, [topic]);
    const ids = records.map(({ headers }) => headers['event_id']);
    assert.deepEqual(
      [...ids].sort(),
      letters.flatMap(({ event_id }) => Array.from({ length: times(event_id) }, () => event_id)).sort(),
    );
    for (let key = 0; key < KEYS; key += 1) {
      const arrived = records.filter((record) => record.key === `key ${key}`);
      // These are the values that a consumer sees which skips the event ids it knows.
      const seen = [...new Map(arrived.map(({ headers, value }) => [headers['event_id'], value])).values()];
      const wanted = letters.filter(({ message }) => message.key === `key ${key}`).map(({ message }) => message.value);
      assert.deepEqual(seen, wanted, `key ${key}`);
    }
  });

  it('keeps letters of a key longer than an index row, and their order', async () => {
    const store = createDeadLetterStore(database.pool);
    // The key is random, so that it does not compress.
    const key = randomBytes(12_000).toString('base64');
    const long = [0, 1, 2].map((n) => {
      const given = letter(n);
      return { ...given, message: { ...given.message, key } };
    });
    // The letters are more than the store looks through one by one.
    await store.add([...long, ...Array.from({ length: 150 }, (_, n) => letter(n))], []);
    assert.deepEqual(await store.blocked([long[0]!.message, { ...long[0]!.message, key: `${key}x` }]), [true, false]);
    const [, second] = (await store.list({ topic }, 0, 10)).filter(({ message }) => message.key === key);
    const outlet = { publisher, topicSuffix: '.dlq' };
    assert.equal((await store.redrive({ ids: [second!.id] }, 0, PAGE, outlet)).behind, 1);
    let after: number | null = 0;
    while (after !== null) after = (await store.redrive({ topic }, after, PAGE, outlet)).next;
    const records = await readRecords({ brokers }, [topic]);
    assert.deepEqual(
      records.filter((record) => record.key === key).map(({ value }) => value),
      long.map(({ message }) => message.value),
    );
  });

  it('waits for a broker longer than a statement may take', async () => {
    const pool = createPool({ url: database.url, min: 0, statementTimeoutMs: 300 }, () => undefined);
    const slow: EventPublisher = {
      async publish(messages, options) {
        await sleep(1_500);
        return publisher.publish(messages, options);
      },
    };
    try {
      const store = createDeadLetterStore(pool);
      await store.add([letter(0)], []);
      const page = await store.redrive({ topic }, 0, PAGE, { publisher: slow, topicSuffix: '.dlq' });
      assert.deepEqual([page.redriven, page.stopped], [1, null]);
    } finally {
      await endPool(pool);
    }
  });
});
