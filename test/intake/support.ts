/**
 * This module makes a partition worker with a fake Temporal and a fake topic. They do what no real one does on demand:
 * refuse one list for good, end a slice by force.
 */
import { randomUUID } from 'node:crypto';
import pLimit from 'p-limit';
import { Registry } from 'prom-client';
import { type PartitionContext, PartitionWorker } from '../../src/intake/partition-worker.js';
import { createIntakeMetrics } from '../../src/intake/metrics.js';
import type { SliceEnd } from '../../src/intake/slice-runner.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import type { RawMessage } from '../../src/domain/dead-letters/rejected-copy.js';
import type { WireMessage } from '../../src/domain/events/publisher.js';
import { createLogger } from '../../src/log.js';
import { until } from '../../src/flow-control/until.js';
import { persistState } from '../support/intents.js';
import { rejectionOf } from '../support/rejected.js';

export const TOPIC = 'worker.test';

export const message = (offset: number, value: string | Buffer, partition = 0): RawMessage => ({
  topic: TOPIC,
  partition,
  offset: String(offset),
  key: null,
  value: Buffer.from(value),
  timestamp: 0,
  headers: [],
});

export const envelope = (event_id: string = randomUUID()): string =>
  JSON.stringify({
    envelope_version: '1.0',
    event_id,
    event_type: 'INTENT_EMITTED',
    correlation_id: null,
    payload: { intents: [persistState()] },
  });

export const newIds = (count: number): string[] => Array.from({ length: count }, (): string => randomUUID());
export const messagesOf = (ids: readonly string[], first = 0): RawMessage[] =>
  ids.map((id, index) => message(first + index, envelope(id)));

export const soon = (check: () => void): Promise<void> =>
  until(10_000, () => {
    check();
    return Promise.resolve();
  });

export const refusal = (why = 'the server takes no such list'): EffectError => new EffectError('invalid', why);
export const away = (): EffectError => new EffectError('unavailable', 'nobody is there');

/** Makes a promise, `released`, that a test lets go on with `release`. */
export function createHold() {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return { released, release };
}

/** Makes what surrounds a worker: the test says what Temporal and the broker answer, and sees what they were asked. */
export function createParts() {
  const started: string[][] = [];
  const hashes: string[] = [];
  const copies: WireMessage[] = [];
  /** Calls of the runner: the event ids of a start, the run of a wait. */
  const asked: (readonly string[] | string)[] = [];
  const says = {
    /**
     * Answers the start of a slice of these event ids, with null while the slice before it runs. By default the slice
     * is taken.
     */
    start: (_ids: readonly string[]): null | Promise<void> | undefined => undefined,
    /** Says how a run ends. */
    end: (_run: string | undefined): SliceEnd | Promise<SliceEnd> => ({ completed: true, invalid: [] }),
    /** Ends when the broker has taken the copies, and throws while the broker is unavailable. */
    publish: (): Promise<void> => Promise.resolve(),
    /** Returns true for a copy that no topic takes. */
    refusesCopy: (_copy: WireMessage): boolean => false,
    mayStart: true,
  };
  const context: Omit<PartitionContext, 'slots'> = {
    runner: {
      start: async (_id, lists, hash) => {
        const ids = lists.map(({ event_id }) => event_id);
        asked.push(ids);
        const answer = says.start(ids);
        if (answer === null) return null;
        await answer;
        started.push(ids);
        hashes.push(hash);
        return `run-${started.length}`;
      },
      ended: async (_id, run) => {
        asked.push(run ?? 'the open one');
        return says.end(run);
      },
    },
    publisher: {
      publish: async (messages) => {
        try {
          await says.publish();
        } catch {
          return messages.map(() => ({ sent: false, error: away() }));
        }
        copies.push(...messages.filter((copy) => !says.refusesCopy(copy)));
        return messages.map((copy) => (says.refusesCopy(copy) ? { sent: false, error: away() } : { sent: true }));
      },
    },
    dlqSuffix: '.dlq',
    mayStart: () => ({ ok: says.mayStart, retryAfterMs: says.mayStart ? 0 : 10 }),
    metrics: createIntakeMetrics(new Registry()),
    logger: createLogger('silent'),
  };
  /** Returns the offset and the reason of each copy, in their order. */
  const rejected = () =>
    copies.map(({ headers }) => {
      const { offset, reason } = rejectionOf(headers);
      return [offset, reason] as const;
    });
  return { context, says, started, hashes, asked, copies, rejected };
}

const workers = new Set<PartitionWorker>();
/** Drops the workers after each test, because a test that failed has not stopped its worker. */
export function dropWorkers(): void {
  for (const worker of workers) worker.abandon();
  workers.clear();
}

export function setUpWorker(id = `${TOPIC}/0`) {
  const parts = createParts();
  const committed: string[] = [];
  const may = { commit: true };
  let wanted = 0;
  const worker = new PartitionWorker(
    id,
    { ...parts.context, slots: pLimit(1) },
    {
      commit(offset) {
        if (!may.commit) return Promise.reject(new Error('a rebalance'));
        committed.push(offset);
        return Promise.resolve();
      },
      roomAgain: () => (wanted += 1),
    },
  );
  workers.add(worker);
  return {
    ...parts,
    worker,
    committed,
    may,
    get wanted() {
      return wanted;
    },
  };
}
