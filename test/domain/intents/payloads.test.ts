/** These tests check what the schemas take, reject and fill in. Senders rely on their bounds and defaults. */
import assert from 'node:assert/strict';
import { jsonObject, timestamp } from '../../../src/domain/intents/fields.js';
import { publishEventPayload } from '../../../src/domain/intents/publish-event/schema.js';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { CURSOR_LENGTH } from '../../../src/domain/values/limits.js';

describe('a timestamp', () => {
  const zones: [string, string][] = [
    ['2026-01-02T03:04:05', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.123456', '2026-01-02T03:04:05.123456Z'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05+05:30', '2026-01-02T03:04:05+05:30'],
    ['2026-01-02 03:04:05+0530', '2026-01-02T03:04:05+05:30'],
    ['2026-01-02T03:04:05.5-08:00', '2026-01-02T03:04:05.5-08:00'],
  ];
  for (const [given, kept] of zones) {
    it(`${given} is kept as ${kept}`, () => {
      assert.equal(timestamp.parse(given), kept);
    });
  }

  it('is no date alone, and no time of another calendar', () => {
    for (const given of ['2026-01-02', '2026-02-30T00:00:00Z', '2026-01-02T24:00:00Z', 'yesterday']) {
      assert.equal(timestamp.safeParse(given).success, false, given);
    }
  });
});

describe('a payload of RecoverFSMStates', () => {
  const read = (rest: object) => recoverFsmStatesPayload.safeParse({ recovery_id: 'r', ...rest });

  it('asks for a week of all workflows, 10,000 states a page, without a total', () => {
    assert.deepEqual(read({}).data, {
      recovery_id: 'r',
      request_all_workflows: true,
      since_days: 7,
      limit: 10_000,
      with_total: false,
    });
  });

  const bounds: [string, unknown, unknown][] = [
    ['since_days', 0.5, 0],
    ['since_days', 36_500, 36_501],
    ['limit', 1, 0],
    ['limit', 10_000, 10_001],
    ['recovery_id', 'r'.repeat(255), 'r'.repeat(256)],
    ['recovery_id', 'r', ''],
    ['cursor', 'c', 'c'.repeat(CURSOR_LENGTH + 1)],
    ['namespaces', ['a', 'b'], []],
    ['states', ['A', 'B'], []],
  ];
  for (const [field, least, beyond] of bounds) {
    const shown = JSON.stringify(beyond);
    it(`takes no ${field} ${shown.length > 20 ? `of ${shown.length - 2} characters` : shown}`, () => {
      assert.equal(read({ [field]: least }).success, true);
      assert.equal(read({ [field]: beyond }).success, false);
    });
  }
});

describe('a payload of PublishEvent', () => {
  for (const field of ['aggregation_id', 'correlation_id', 'causation_id', 'source_node_id', 'partition_key']) {
    it(`takes ${field} as text or null, and no empty one`, () => {
      const read = (value: unknown) =>
        publishEventPayload.safeParse({ event_type: 'NODE_HEARTBEAT', [field]: value }).success;
      assert.deepEqual(['some text', null, undefined, ''].map(read), [true, true, true, false]);
    });
  }

  it('keeps the fields that the service does not know', () => {
    const payload = { event_type: 'NODE_HEARTBEAT' as const, load: { cpu: [1] } };
    assert.deepEqual(publishEventPayload.parse(payload), payload);
    assert.deepEqual(jsonObject.parse({ a: 1 }), { a: 1 });
  });
});
