/** These tests check the compact form of batches. A bare number in a payload has a name everywhere else. */
import assert from 'node:assert/strict';
import type { CompactAnnouncement, CompactResult } from '../../../src/domain/execution/batch.js';
import {
  compactAnnouncement,
  compactResult,
  expandAnnouncement,
  expandResult,
  isKept,
  isKeptAnnouncement,
} from '../../../src/domain/execution/compact-form.js';

/**
 * Results as payloads of the builds before have them. Workers of two builds share a task queue while they are replaced.
 */
const RESULTS = JSON.parse(
  `[12.34,0,{"intent_id":"i","intent_type":"PersistState","status":"failed","success":false,"error":"e",
    "error_code":"VALIDATION_ERROR","execution_time_ms":1,"timestamp":"2026-01-01T00:00:00Z"}]`,
) as CompactResult[];
const ANNOUNCEMENTS = JSON.parse(
  `[0,499,{"event_type":"OPERATION_FAILED","partition_key":null,"payload":{},"intent_id":"i","correlation_id":"c"}]`,
) as CompactAnnouncement[];

describe('the compact form', () => {
  it('holds the milliseconds of a kept result as a number, and any other result as it is', () => {
    const results = RESULTS.map(expandResult);
    assert.deepEqual(results, [{ keptMs: 12.34 }, { keptMs: 0 }, RESULTS[2]]);
    assert.deepEqual(results.map(isKept), [true, true, false]);
    assert.deepEqual(results.map(compactResult), RESULTS);
  });

  it('holds the position of an intent that is announced by its kept result as a number, and any other event as it is', () => {
    const events = ANNOUNCEMENTS.map(expandAnnouncement);
    assert.deepEqual(events, [{ position: 0 }, { position: 499 }, ANNOUNCEMENTS[2]]);
    assert.deepEqual(events.map(isKeptAnnouncement), [true, true, false]);
    assert.deepEqual(events.map(compactAnnouncement), ANNOUNCEMENTS);
  });
});
