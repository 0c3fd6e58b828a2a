/**
 * These tests check redrives past letters that are stuck, without a broker. They count the pages and the letters that
 * are tried, with thousands of letters behind a stuck one.
 */
import assert from 'node:assert/strict';
import type { EventPublisher, OutboundMessage } from '../../../src/domain/events/publisher.js';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import { deliver } from '../../../src/kafka/delivery.js';
import { createDeadLetterStore } from '../../../src/postgres/dead-letters/dead-letter-store.js';
import { one, useDatabase } from '../support.js';
import { SUFFIX } from './letters.js';

const PAGE = 100;

type Refuses = (message: OutboundMessage) => FailureClass | undefined;

/** Makes a broker of requests, which `deliver` cuts and halves as it does for the real one. */
function requests(refuses: Refuses = () => undefined) {
  const taken: { topic: string; key: string; n: number }[] = [];
  const state = { refuses, requests: 0, tried: 0 };
  const send = (messages: readonly OutboundMessage[]): Promise<void> => {
    state.requests += 1;
    state.tried += messages.length;
    const at = messages.map((message) => state.refuses(message)).find((failure) => failure !== undefined);
    if (at !== undefined) return Promise.reject(new EffectError(at, `refused as ${at}`));
    taken.push(...messages.map(({ topic, key, value }) => ({ topic, key, n: Number(/\d+/.exec(value)?.[0]) })));
    return Promise.resolve();
  };
  const publisher: EventPublisher = {
    publish: (messages: readonly OutboundMessage[], { strict = false } = {}) =>
      deliver(messages, send, new Set(strict ? messages : [])),
  };
  return { taken, state, outlet: { publisher, topicSuffix: SUFFIX } };
}

describe('a redrive past stuck letters', () => {
  const database = useDatabase();
  const store = () => createDeadLetterStore(database.pool);
  afterEach(() => database.pool.query('TRUNCATE dead_letters, executed_intents'));

  /** Stores `count` letters of a topic; `key` is SQL over their number `n`, from 1. */
  const addLetters = (count: number, key: string, topic = 't', copied = true) =>
    database.pool.query(
      `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts, copied_at)
       SELECT gen_random_uuid(), gen_random_uuid(), $2, ${key}, format('{"n":%s}', n), 'test', 3, CASE WHEN $3 THEN now() END
       FROM generate_series(1, $1::integer) AS n ORDER BY n`,
      [count, topic, copied],
    );
  const open = async (): Promise<number> =>
    (
      await one<{ letters: number }>(
        database.pool,
        'SELECT count(*) AS letters FROM dead_letters WHERE redriven_at IS NULL',
      )
    ).letters;

  async function redrive(
    { outlet }: ReturnType<typeof requests>,
    filter: Parameters<ReturnType<typeof store>['redrive']>[0] = {},
  ) {
    const report = { redriven: 0, failed: 0, behind: 0, pages: 0 };
    for (let after: number | null = 0; after !== null;) {
      const page: Awaited<ReturnType<ReturnType<typeof store>['redrive']>> = await store().redrive(
        filter,
        after,
        PAGE,
        outlet,
      );
      report.redriven += page.redriven;
      report.failed += page.failed;
      report.behind += page.behind;
      report.pages += 1;
      assert.ok(report.pages < 2_000, 'the redrive has no end');
      after = page.next;
    }
    return report;
  }

  it('tries the first of 5,000 letters of a key, and every letter of the others', async () => {
    await addLetters(5_000, "'stuck'");
    await addLetters(30, "'free ' || n");
    const broker = requests(({ key }) => (key === 'stuck' ? 'invalid' : undefined));
    const first = await redrive(broker);
    assert.deepEqual([first.redriven, first.failed, first.behind], [30, 1, 4_999]);
    assert.ok(first.pages <= 3, `${first.pages} pages`);
    const second = requests(({ key }) => (key === 'stuck' ? 'invalid' : undefined));
    assert.deepEqual(await redrive(second), { redriven: 0, failed: 1, behind: 4_999, pages: 1 + 1 });
    assert.deepEqual([second.state.requests, second.state.tried], [1, 1]);
  }).timeout(60_000);

  it('sends all of the key in order, in one redrive, once the topic takes it', async () => {
    await addLetters(1_050, "'stuck'");
    const broker = requests(() => 'invalid');
    for (let redrives = 0; redrives < 2; redrives += 1) await redrive(broker);
    broker.state.refuses = () => undefined;
    const report = await redrive(broker);
    assert.deepEqual([report.redriven, report.failed, report.behind], [1_050, 0, 0]);
    // The first letter is tried alone.
    assert.ok(report.pages <= 1 + 1_049 / PAGE + 2, `${report.pages} pages`);
    assert.deepEqual(
      broker.taken.map(({ n }) => n),
      Array.from({ length: 1_050 }, (_, n) => n + 1),
    );
    assert.equal(await open(), 0);
  }).timeout(60_000);

  it('sends each of many keys in order, whatever their number of letters', async () => {
    await addLetters(2_000, "'deep ' || n % 3");
    await addLetters(900, "'shallow ' || n % 300");
    const broker = requests();
    const report = await redrive(broker);
    assert.equal(report.redriven, 2_900);
    assert.ok(report.pages <= 2 * Math.ceil(2_900 / PAGE), `${report.pages} pages`);
    const newest = new Map<string, number>();
    for (const { key, n } of broker.taken) {
      assert.ok(n > (newest.get(key) ?? 0), `${key}: ${n} after ${newest.get(key)}`);
      newest.set(key, n);
    }
    assert.equal(await open(), 0);
  }).timeout(60_000);

  it('leaves a topic that takes nothing after its first request, and goes on with the next topic', async () => {
    await addLetters(3_000, "'key ' || n", 'a forbidden topic');
    await addLetters(5, "'key ' || n", 'b');
    const broker = requests(({ topic }) => (topic === 'b' ? undefined : 'unknown'));
    const report = await redrive(broker);
    assert.deepEqual([report.redriven, report.failed, report.behind], [5, 100, 2_900]);
    assert.ok(report.pages <= 3, `${report.pages} pages`);
  }).timeout(60_000);

  it('counts a refusal of the first letter of a key, where a topic refuses a whole request', async () => {
    await addLetters(250, "'key ' || n % 2");
    const broker = requests(() => 'transient');
    const { failed, behind } = await redrive(broker);
    assert.equal(failed + behind, 250);
    const counted = await one<{ letters: number; keys: number }>(
      database.pool,
      `SELECT count(*) AS letters, count(DISTINCT message_key) AS keys FROM dead_letters WHERE redrive_count > 0`,
    );
    assert.equal(counted.letters, counted.keys);
    broker.state.refuses = () => undefined;
    const { redriven, pages } = await redrive(broker);
    assert.equal(redriven, 250);
    assert.ok(pages <= 6, `${pages} pages`);
  }).timeout(60_000);

  it('goes past keys that are left to a person, and counts what is behind them', async () => {
    await addLetters(400, "'given up ' || n % 200");
    await database.pool.query(
      `UPDATE dead_letters SET redrive_count = 10 WHERE id IN (SELECT min(id) FROM dead_letters GROUP BY message_key)`,
    );
    await addLetters(1, "'free'");
    const broker = requests();
    assert.deepEqual(await redrive(broker, { maxRedrives: 10 }), { redriven: 1, failed: 0, behind: 200, pages: 1 });
    assert.equal((await redrive(broker)).redriven, 400);
  }).timeout(60_000);

  it('copies what is behind a stuck letter once, and stops where no copy is taken', async () => {
    await addLetters(350, "'stuck'", 't', false);
    const isCopy = ({ topic }: OutboundMessage) => topic.endsWith(SUFFIX);
    const refusing = requests(() => 'invalid');
    assert.equal((await redrive(refusing)).pages, 2 + 1, 'a page of letters, the end, a page of copies');
    const broker = requests((message) => (isCopy(message) ? undefined : 'invalid'));
    await redrive(broker);
    assert.equal(broker.taken.length, 350);
    await redrive(broker);
    assert.equal(broker.taken.length, 350, 'copied once');
  }).timeout(60_000);
});
