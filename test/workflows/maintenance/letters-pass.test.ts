import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { topicOf } from '../../../src/domain/events/event-types.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEvents } from '../../support/events.js';
import { publishEvent } from '../../support/intents.js';

const TYPE = 'AGGREGATION_STARTED';

describe('DLQ_LETTERS_PASS', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment({ env: { DLQ_LETTERS_PASS: 'true' } });
  });
  after(() => environment.close());

  it('sends a later message of a key while a letter of it is open', async () => {
    const key = randomUUID();
    await environment.pool.query(
      `INSERT INTO dead_letters (intent_id, event_id, topic, message_key, message_value, failure_reason, retry_attempts)
       VALUES ($1, $2, $3, $4, '{}', 'test', 3)`,
      [randomUUID(), randomUUID(), topicOf(environment.config.KAFKA_TOPIC_PREFIX, TYPE), key],
    );
    const report = await environment.client.executeIntents([
      publishEvent({ event_type: TYPE, partition_key: key, n: 2 }),
    ]);
    assert.deepEqual(report.counts, { succeeded: 1 });
    const arrived = (await readEvents(environment, [TYPE])).filter((event) => event.key === key);
    assert.deepEqual(
      arrived.map(({ envelope }) => envelope.payload['n']),
      [2],
    );
    const { rows } = await environment.pool.query(
      'SELECT redriven_at FROM dead_letters WHERE message_key = $1 AND redriven_at IS NULL',
      [key],
    );
    assert.equal(rows.length, 1);
  });
});
