/** These tests send words of emoji and of letters with marks through a list. Nobody gets a part of a character. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { correlationId, intentTypes } from '../../../src/domain/execution/search-attributes.js';
import { charactersOf } from '../../../src/domain/values/text.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { readEventsByConsole } from '../../support/events.js';
import { WORDS } from '../../support/hostile-text.js';
import { persistFsmTransition, persistState, publishEvent } from '../../support/intents.js';

const words = Object.values(WORDS).map((word) => word.replace(/[\r\n]+/g, ' '));
/** OPERATION_FAILED names types in upper case. */
const CHARACTERS = new Set([...words, ...words.map((word) => word.toUpperCase()), '…'].flatMap(charactersOf));

/** Finds parts of characters in every text of a value, and returns how many texts there were. */
function textsOf(value: unknown): number {
  if (typeof value === 'string') {
    assert.ok(value.isWellFormed(), JSON.stringify(value));
    for (const character of charactersOf(value)) {
      assert.ok(
        /^[\x20-\x7e]$/.test(character) || CHARACTERS.has(character),
        `${JSON.stringify(character)} in ${value}`,
      );
    }
    return 1;
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, entry) => sum + textsOf(entry[0]) + textsOf(entry[1]), 0);
}

/** Returns the payloads of a history, all of which are JSON. */
function payloadsOf(value: unknown): string[] {
  if (value instanceof Uint8Array) return [new TextDecoder('utf-8', { fatal: true }).decode(value)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === 'metadata' ? [] : payloadsOf(item)));
}

describe('a list of words', () => {
  let environment: Environment;
  before(async () => {
    environment = await createEnvironment();
  });
  after(() => environment.close());

  it('is executed, reported and announced in whole characters', async () => {
    const states = words.map((word) =>
      persistState({ aggregated_data: { [word]: { total_stamps: 1, unique_workflows_count: 1 } } }),
    );
    const transitions = words.map((word) => persistFsmTransition({ metadata: { namespace: word } }));
    const events = words.map((word) => publishEvent({ event_type: 'NODE_HEARTBEAT', partition_key: word, note: word }));
    // The lengths bring each cut of a type, a value, a path and a message to all parts of a character.
    const invalid = words.flatMap((word) =>
      Array.from({ length: 12 }, (_, shift) => {
        const long = `${'x'.repeat(shift)}${word.repeat(40)}`;
        return [
          { intent_type: long, target: 'store_effect', payload: {} },
          publishEvent({ event_type: long as 'NODE_HEARTBEAT' }),
          persistState({ aggregated_data: { [long]: { [long]: { [long]: '\u0000' } } } }),
          persistState({ [long]: { [long]: { [long]: { [long]: { [long]: { [long]: '\u0000' } } } } } }),
        ];
      }).flat(),
    );
    const [emoji = ''] = words;
    const requestId = `${randomUUID()} ${emoji}`;
    const report = await environment.client.executeIntents(
      [...states, ...transitions, ...events, ...invalid.map((intent) => ({ ...intent, priority: 0 }))] as never,
      { requestId, correlationId: words.join(' ') },
    );

    assert.equal(report.counts.succeeded, 3 * words.length, JSON.stringify(report.counts));
    assert.equal(report.counts.failed, invalid.length);
    assert.ok(textsOf(report) > invalid.length);

    const { rows } = await environment.pool.query<{ namespace: string }>(
      'SELECT namespace FROM bridge_states WHERE bridge_id = ANY ($1)',
      [states.map(({ payload }) => payload.aggregation_id)],
    );
    assert.deepEqual(new Set(rows.map(({ namespace }) => namespace)), new Set(words));

    const handle = environment.temporal.workflow.getHandle(requestId);
    const { typedSearchAttributes } = await handle.describe();
    assert.equal(typedSearchAttributes.get(correlationId), words.join(' '));
    assert.ok(textsOf(typedSearchAttributes.get(intentTypes)) > 0);
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.ok(textsOf(currentDetails.split('\n')) > 10);
    const { events: history } = await handle.fetchHistory();
    const payloads = payloadsOf(history);
    // The list as it was sent holds NUL characters and parts of characters of its own.
    for (const payload of payloads) if (!payload.includes('\\u0000')) textsOf(JSON.parse(payload));
    assert.ok(payloads.length > 10, String(payloads.length));

    const announced = await readEventsByConsole(environment, [
      'STATE_PERSISTED',
      'FSM_STATE_TRANSITIONED',
      'NODE_HEARTBEAT',
      'OPERATION_FAILED',
    ]);
    assert.equal(announced.length, 3 * words.length + invalid.length);
    for (const event of announced) textsOf(event);
    assert.ok(words.every((word) => announced.some(({ envelope }) => envelope.payload['note'] === word)));
  });
});
