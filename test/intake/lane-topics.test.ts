/** What a lane takes for messages of its topic, and what for those of another that has its name now. */
import assert from 'node:assert/strict';
import pLimit from 'p-limit';
import { Registry } from 'prom-client';
import { createLane } from '../../src/intake/lane.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import type { RawMessage } from '../../src/intents/poison-copy.js';
import { createLogger } from '../../src/log.js';
import { never } from '../model/faults.js';

const message = (offset: number, value = String(offset)): RawMessage => ({
  topic: 't',
  partition: 0,
  offset: String(offset),
  key: null,
  value: Buffer.from(value),
  timestamp: 0,
  headers: [],
});

describe('intake: a topic that was created again', () => {
  /** A lane that has read 5 and 6, and waits with them. */
  function setUp() {
    const lane = createLane(
      't/0',
      {
        runner: { start: never, ended: never },
        publisher: { publish: never },
        dlqSuffix: '.dlq',
        mayStart: () => ({ ok: true, retryAfterMs: 0 }),
        slots: pLimit(1),
        metrics: createIntakeMetrics(new Registry()),
        logger: createLogger('silent'),
      },
      never,
      () => undefined,
    );
    lane.offer([message(5), message(6)]);
    return lane;
  }

  it('is known by offsets that were read before', () => {
    const lane = setUp();
    assert.equal(lane.isOther([message(7)]), false);
    assert.equal(lane.isOther([message(4)]), true);
    assert.equal(lane.isOther([message(0)]), true);
  });

  it('is known after a rejoin too, by offsets before the first that was read', () => {
    const lane = setUp();
    lane.rejoined();
    assert.equal(lane.isOther([message(5), message(6)]), false);
    assert.equal(lane.isOther([message(4)]), true);
  });

  it('is known after a rejoin by other bytes at an offset that is held', () => {
    const lane = setUp();
    lane.rejoined();
    assert.equal(lane.isOther([message(5, 'another')]), true);
  });
});
