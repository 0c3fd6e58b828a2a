/**
 * These tests check dead letters in their table, without a broker. They say which letters block a key, which are
 * chosen, and that each is stored once.
 */
import assert from 'node:assert/strict';
import { createDeadLetterStore } from '../../../src/postgres/dead-letters/dead-letter-store.js';
import { one, useDatabase } from '../support.js';
import { broker, letter, valuesOf } from './letters.js';

describe('dead letters', () => {
  const database = useDatabase();
  const store = () => createDeadLetterStore(database.pool);
  afterEach(() => database.pool.query('TRUNCATE dead_letters, executed_intents'));

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

  it('are not of an intent that another execution has recorded, and say what it has recorded', async () => {
    const [taken, free] = [letter(0), letter(1)];
    const recordOf = ({ intent_id, event_id }: typeof taken, payload_hash: string, execution_id: string) => ({
      intent_id,
      intent_type: 'PublishEvent',
      payload_hash,
      execution_id,
      result: { event_id, event_published: false },
    });
    await database.pool.query(
      `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome)
       VALUES ($1, 'PublishEvent', '\\xab', 'first/r', '{"event_published": true}')`,
      [taken.intent_id],
    );
    const records = [recordOf(taken, 'cd', 'second/r'), recordOf(free, 'ef', 'second/r')];
    const before = await store().add([taken, free], records);
    assert.deepEqual(
      [...before.values()].map(({ intent_id, payload_hash, execution_id }) => [intent_id, payload_hash, execution_id]),
      [[taken.intent_id, 'ab', 'first/r']],
    );
    assert.deepEqual(valuesOf(await store().list({}, 0, 10)), [1]);
  });
});
