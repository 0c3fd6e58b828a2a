/** One partition, with a Temporal and a topic that do what no real one does on demand: refuse one list for good, end a slice by force. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Registry } from 'prom-client';
import { createLane, type LaneContext } from '../../src/intake/lane.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import { copiesOf, type PoisonCopy, type RawMessage } from '../../src/intents/poison-copy.js';
import { EffectError } from '../../src/intents/failure.js';
import type { OutboundMessage } from '../../src/intents/ports/publisher.js';
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
  function setUp(start: (ids: readonly string[]) => void = () => undefined, id = `${TOPIC}/0`) {
    const started: string[][] = [];
    const hashes: string[] = [];
    const copies: OutboundMessage[] = [];
    const committed: string[] = [];
    const end: { now: SliceEnd; running: Promise<void> } = {
      now: { completed: true, invalid: [] },
      running: Promise.resolve(),
    };
    const may = { ok: true, commit: true };
    const context: LaneContext = {
      runner: {
        // eslint-disable-next-line @typescript-eslint/require-await -- a refusal is a rejection
        start: async (_id, lists: readonly SliceList[], hash) => {
          const ids = lists.map(({ event_id }) => event_id);
          start(ids);
          started.push(ids);
          hashes.push(hash);
          return `run-${started.length}`;
        },
        ended: async () => {
          await end.running;
          return end.now;
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
      id,
      context,
      (offset) => {
        if (!may.commit) return Promise.reject(new Error('a rebalance'));
        committed.push(offset);
        return Promise.resolve();
      },
      () => undefined,
    );
    const buried = () => copies.map(({ value }) => JSON.parse(value) as PoisonCopy);
    return { lane, started, hashes, committed, buried, end, may };
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
    end.now = { completed: false, reason: 'terminated' };
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

  it('copies the envelopes of lists that were answered as invalid, also when it is stopped meanwhile', async () => {
    const { lane, started, end, buried } = setUp();
    let finish: () => void = () => undefined;
    end.running = new Promise((resolve) => (finish = resolve));
    end.now = { completed: true, invalid: [{ list: 1, reason: 'payload.intents[0]: target: expected another' }] };
    lane.offer([message(0, envelope()), message(1, envelope()), message(2, envelope())]);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    const stopped = lane.stop();
    finish();
    await stopped;
    assert.deepEqual(
      buried().map(({ original_offset, failure_reason }) => [original_offset, failure_reason]),
      [['1', 'payload.intents[0]: target: expected another']],
    );
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

  it('runs the first messages of a topic that was created again, also when no commit was taken of the old one', async () => {
    const { lane, may, started, committed } = setUp();
    may.commit = false;
    const [old, created] = [0, 1].map(() => Array.from({ length: 3 }, (): string => randomUUID()));
    const offer = (ids: readonly string[] = []) => {
      lane.offer(ids.map((id, offset) => message(offset, envelope(id))));
    };
    offer(old);
    await soon(() => {
      assert.deepEqual(started.flat(), old);
    });
    may.commit = true;
    offer(created);
    await soon(() => {
      assert.deepEqual(started.flat(), [...old!, ...created!]);
      assert.deepEqual(committed, ['3']);
    });
    await lane.stop();
  });

  it('passes over what it holds, and commits nothing behind what is committed', async () => {
    const { lane, end, started, committed } = setUp();
    let finish: () => void = () => undefined;
    end.running = new Promise((resolve) => {
      finish = resolve;
    });
    const ids = Array.from({ length: 3 }, (): string => randomUUID());
    const [first, second, third] = ids.map((id, offset) => message(offset, envelope(id)));
    lane.offer([first!]);
    await soon(() => {
      assert.equal(started.length, 1);
    });
    lane.offer([second!, third!]);
    // Fetched again, as after a rebalance.
    lane.offer([first!, second!, third!]);
    assert.equal(lane.held, 3);
    finish();
    await soon(() => {
      assert.equal(lane.held, 0);
      assert.equal(started.length, 2);
    });
    assert.deepEqual(started, [[ids[0]], [ids[1], ids[2], ids[0]]]);
    assert.deepEqual(committed, ['1', '3']);
    await lane.stop();
  });

  it('tells its slices from those of the same messages on another partition', async () => {
    const ids: string[] = [];
    const value = envelope();
    for (const partition of [0, 1]) {
      const { lane, hashes, started } = setUp(undefined, `${TOPIC}/${partition}`);
      lane.offer([message(0, value)]);
      await soon(() => {
        assert.equal(started.length, 1);
      });
      await lane.stop();
      ids.push(...hashes);
    }
    assert.equal(new Set(ids).size, 2);
  });

  /** Bytes of a copy as the broker counts them, without the record's frame. */
  const sizeOf = ({ key, value, headers }: OutboundMessage): number =>
    [key, value, ...Object.entries(headers).flat()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

  for (const [name, raw] of [
    ['zeros, which JSON makes six times as long', { ...message(7, Buffer.alloc(200_000)) }],
    ['a key that fills a message', { ...message(7, 'x'), key: Buffer.alloc(900_000, 'k') }],
    ['headers that fill a message', { ...message(7, 'x'), headers: [['h', Buffer.alloc(800_000, 1)] as const] }],
  ] as const) {
    it(`copies ${name}, in messages that a topic takes`, () => {
      const copies = copiesOf(raw, 'no JSON', '.dlq');
      for (const copy of copies) assert.ok(sizeOf(copy) < 1_000_000, `${sizeOf(copy)} bytes`);
      const parts = copies.map(({ value }) => JSON.parse(value) as PoisonCopy);
      const bytes = Buffer.concat(parts.map(({ original_data }) => Buffer.from(original_data ?? '', 'base64')));
      if (parts[0]?.original_encoding !== 'record') {
        assert.ok(bytes.equals(raw.value ?? Buffer.alloc(0)));
        return;
      }
      const { key, headers, value } = JSON.parse(String(bytes)) as {
        key: string;
        headers: [string, string][];
        value: string;
      };
      assert.deepEqual(
        [key, headers, value],
        [
          raw.key?.toString('base64') ?? null,
          raw.headers.map(([n, h]) => [n, h.toString('base64')]),
          raw.value?.toString('base64'),
        ],
      );
    });
  }

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
