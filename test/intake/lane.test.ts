/** One partition, with a Temporal and a topic that do what no real one does on demand: refuse one list for good, end a slice by force. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Registry } from 'prom-client';
import { createLane, type LaneContext } from '../../src/intake/lane.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import { copiesOf, type PoisonCopy, type RawMessage } from '../../src/intents/poison-copy.js';
import { EffectError } from '../../src/intents/failure.js';
import type { OutboundMessage } from '../../src/intents/ports.js';
import type { SliceList } from '../../src/intents/slice.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/until.js';
import { persistState } from '../support/intents.js';

const TOPIC = 'lane.test';

const message = (offset: number, value: string | Buffer): RawMessage => ({
  topic: TOPIC,
  partition: 0,
  offset: String(offset),
  key: null,
  value: Buffer.from(value),
  timestamp: 0,
  headers: [],
});
const envelope = (event_id: string = randomUUID()): string =>
  JSON.stringify({
    envelope_version: '1.0',
    event_id,
    event_type: 'INTENT_EMITTED',
    correlation_id: null,
    payload: { intents: [persistState()] },
  });

const soon = (check: () => void) =>
  until(5_000, () => {
    check();
    return Promise.resolve();
  });

describe('intake: a partition', () => {
  /** @param start what Temporal says to a slice of these event ids; by default it takes it. */
  function setUp(start: (ids: readonly string[]) => void = () => undefined) {
    const started: string[][] = [];
    const copies: OutboundMessage[] = [];
    const committed: string[] = [];
    const end: { reason: string | null; running: Promise<void> } = { reason: null, running: Promise.resolve() };
    const may = { ok: true };
    const context: LaneContext = {
      runner: {
        // eslint-disable-next-line @typescript-eslint/require-await -- a refusal is a rejection
        start: async (_id, lists: readonly SliceList[]) => {
          const ids = lists.map(({ event_id }) => event_id);
          start(ids);
          started.push(ids);
          return `run-${started.length}`;
        },
        ended: async () => {
          await end.running;
          return end.reason;
        },
      },
      publisher: {
        publish: (messages) => {
          copies.push(...messages);
          return Promise.resolve(messages.map(() => ({ sent: true })));
        },
      },
      dlqSuffix: '.dlq',
      mayStart: () => ({ ok: may.ok, retryAfterMs: may.ok ? 0 : 10 }),
      slots: pLimit(1),
      metrics: createIntakeMetrics(new Registry()),
      logger: createLogger('silent'),
    };
    const lane = createLane(
      `${TOPIC}/0`,
      context,
      (offset) => {
        committed.push(offset);
        return Promise.resolve();
      },
      () => undefined,
    );
    const buried = () => copies.map(({ value }) => JSON.parse(value) as PoisonCopy);
    return { lane, started, committed, buried, end, may };
  }
  const refusal = () => new EffectError('invalid', 'the server takes no such list');

  it('halves a slice that is refused for good down to the list at fault; the others run in their order', async () => {
    const ids = Array.from({ length: 9 }, (): string => randomUUID());
    const { lane, started, committed, buried } = setUp((given) => {
      if (given.includes(ids[5]!)) throw refusal();
    });
    lane.offer(ids.map((id, offset) => message(offset, envelope(id))));
    await soon(() => {
      assert.deepEqual(committed, ['9']);
    });
    assert.deepEqual(
      started.flat(),
      ids.filter((id) => id !== ids[5]),
    );
    assert.deepEqual(
      buried().map(({ original_offset, failure_reason }) => [original_offset, failure_reason]),
      [['5', 'Temporal refused it: the server takes no such list']],
    );
    await lane.stop();
  });

  it('buries nothing when the server refuses also what is empty', async () => {
    const { lane, started, buried, committed } = setUp(() => {
      throw refusal();
    });
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    await lane.stop();
    assert.deepEqual([started, buried(), committed], [[], [], []]);
  });

  it('copies the envelopes of a slice that was ended by force, each with the reason', async () => {
    const { lane, end, buried, committed } = setUp();
    end.reason = 'terminated';
    lane.offer([message(0, envelope()), message(1, envelope())]);
    await soon(() => {
      assert.equal(buried().length, 2);
    });
    assert.deepEqual(
      buried().map(({ failure_reason }) => failure_reason),
      Array(2).fill(`slice intake/${TOPIC}/0, run run-1: terminated`),
    );
    assert.deepEqual(committed, ['2']);
    await lane.stop();
  });

  it('starts nothing while the stores take nothing', async () => {
    const { lane, may, started } = setUp();
    may.ok = false;
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(lane.waiting, true);
    });
    await sleep(100);
    assert.deepEqual(started, []);
    may.ok = true;
    await soon(() => {
      assert.equal(started.length, 1);
    });
    await lane.stop();
  });

  it('ends with the slice it has in hand, and starts no other', async () => {
    const { lane, end, started, committed } = setUp();
    let finish: () => void = () => undefined;
    end.running = new Promise((resolve) => {
      finish = resolve;
    });
    lane.offer([message(0, envelope())]);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    lane.offer([message(1, envelope())]);
    const stopped = lane.stop();
    assert.equal(await Promise.race([stopped.then(() => 'stopped'), sleep(200, 'running')]), 'running');
    finish();
    await stopped;
    assert.equal(started.length, 1);
    assert.deepEqual(committed, ['1']);
  });

  it('cuts a message that fits no copy, without losing a byte', () => {
    const value = Buffer.from(Array.from({ length: 1_400_000 }, (_, index) => index % 251));
    const parts = copiesOf(message(7, value), 'too large', '.dlq').map(
      (copy) => [copy, JSON.parse(copy.value) as PoisonCopy] as const,
    );
    assert.deepEqual(
      parts.map(([copy, { part, parts: of }]) => [copy.topic, Buffer.byteLength(copy.value) < 1_000_000, part, of]),
      [1, 2, 3].map((part) => [`${TOPIC}.dlq`, true, part, 3]),
    );
    const joined = Buffer.concat(parts.map(([, { original_data }]) => Buffer.from(original_data ?? '', 'base64')));
    assert.ok(joined.equals(value));
  });
});
