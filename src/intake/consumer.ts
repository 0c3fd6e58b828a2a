/**
 * The intake: reads INTENT_EMITTED as a member of a consumer group and hands every partition to its lane. The group's offsets
 * are behind what Temporal has acknowledged, never before it. ADR 0009.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import pLimit from 'p-limit';
import type { RawMessage } from '../domain/dead-letters/poison-copy.js';
import { createLane, type Lane, type LaneContext } from './lane.js';

export interface IntakeOptions extends Omit<LaneContext, 'slots'> {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topic: string;
  /** Slices that run at once, of all partitions. */
  readonly maxSlices: number;
  /** Milliseconds without a sign of life after which the consumer is built anew. Default 90,000. */
  readonly stallMs?: number;
}

export interface Intake {
  /** Whether it is a member of the group now. */
  check(): { readonly ok: boolean; readonly detail: string };
  /** Takes nothing new, and gives what is in hand `graceMs` milliseconds to end. */
  stop(graceMs: number): Promise<void>;
}

/** Milliseconds. A fetch that finds nothing, or everything paused, lasts this long: the delay of a partition that resumes. */
const FETCH_WAIT_MS = 250;
const SESSION_MS = 30_000;
/** Nothing of ours blocks a rejoin. */
const REBALANCE_MS = 30_000;
/** Longer than a rebalance, in which there is no sign of life, and a request's time-out. */
const STALL_MS = 90_000;
const REBUILD_MS = 1_000;
/** Milliseconds a consumer that is given up gets to leave the group. */
const LEAVE_MS = 5_000;

/** Bytes a lane holds before its partition is paused: the slice after the one that runs. */
const LANE_BYTES = 1_000_000;
/** And all of them together, since there may be a thousand partitions. */
const ALL_BYTES = 64_000_000;

export function startIntake(options: IntakeOptions): Intake {
  const { kafka, groupId, topic, metrics, logger, stallMs = STALL_MS } = options;
  const context: LaneContext = { ...options, slots: pLimit(options.maxSlices) };
  const lanes = new Map<number, Lane>();
  /** Of a topic that is gone; they finish what they hold. */
  const retired = new Set<Lane>();
  const ends = new Map<number, { high: bigint; last: bigint }>();
  let current: Member | undefined;
  /** Until the consumer before has left the group. */
  let left: Promise<void> | undefined;
  let aliveAt = Date.now();
  let stopped = false;

  metrics.watch({
    lag: () =>
      new Map(
        [...lanes].map(([partition, lane]) => {
          const end = ends.get(partition);
          return [partition, lane.held + Number(end === undefined ? 0n : end.high - end.last - 1n)];
        }),
      ),
    paused: () => [...lanes.values()].filter(({ waiting }) => waiting).length,
    inFlight: () => [...lanes.values()].filter(({ running }) => running).length,
  });

  const room = (lane: Lane): boolean =>
    lane.bytes < LANE_BYTES && [...lanes.values()].reduce((sum, { bytes }) => sum + bytes, 0) < ALL_BYTES;

  function laneOf(consumer: Consumer, partition: number): Lane {
    return createLane(
      `${topic}/${partition}`,
      context,
      async (offset) => {
        if (current?.consumer !== consumer) throw new Error('the consumer was built anew');
        await consumer.commitOffsets([{ topic, partition, offset }]);
      },
      () => resumeWithRoom(consumer),
    );
  }

  function resumeWithRoom(consumer: Consumer): void {
    if (current?.consumer !== consumer || stopped) return;
    const paused = new Set(consumer.paused().flatMap(({ partitions }) => partitions));
    const partitions = [...lanes].filter(([id, lane]) => paused.has(id) && room(lane)).map(([id]) => id);
    if (partitions.length > 0) consumer.resume([{ topic, partitions }]);
  }

  function joined(consumer: Consumer, memberId: string, partitions: readonly number[]): void {
    if (current?.consumer !== consumer) return;
    // Under a new member id others may have had the partitions meanwhile: what we hold of them is read again.
    const kept = current.memberId === memberId ? new Set(partitions) : new Set<number>();
    current.memberId = memberId;
    for (const [partition, lane] of lanes) {
      if (kept.has(partition)) {
        lane.rejoined();
        continue;
      }
      lane.abandon();
      lanes.delete(partition);
      ends.delete(partition);
    }
    for (const partition of partitions) {
      if (!lanes.has(partition)) lanes.set(partition, laneOf(consumer, partition));
    }
    // kafkajs keeps partitions paused across a rebalance.
    resumeWithRoom(consumer);
    logger.info({ topic, partitions }, 'intake: partitions assigned');
  }

  function create(): Consumer {
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: 3_000,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      // One way of starting again: ours. kafkajs's leaves out what it takes for permanent.
      retry: { retries: 3, restartOnFailure: () => Promise.resolve(false) },
    });
    const alive = (): void => {
      if (current?.consumer === consumer) aliveAt = Date.now();
    };
    // kafkajs goes on at its old position after a fetch that failed because the topic was gone; created again meanwhile, the topic's
    // first messages would be passed over. The group's offsets went with the topic: a new consumer begins at the right place.
    const fetching = new Set<number>();
    consumer.on(consumer.events.FETCH_START, ({ payload }) => {
      if (fetching.has(payload.nodeId)) rebuild(consumer, new Error('a fetch failed'));
      fetching.add(payload.nodeId);
    });
    consumer.on(consumer.events.FETCH, ({ payload }) => {
      fetching.delete(payload.nodeId);
      alive();
    });
    consumer.on(consumer.events.HEARTBEAT, alive);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      alive();
      joined(consumer, payload.memberId, payload.memberAssignment[topic] ?? []);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      rebuild(consumer, payload.error);
    });
    return consumer;
  }

  /** Resolves when it has joined the group. */
  async function run(consumer: Consumer): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // eslint-disable-next-line @typescript-eslint/require-await -- kafkajs wants a promise
      eachBatch: async (payload) => {
        const { batch } = payload;
        // Paused, or the same messages would be fetched again and again until it has left.
        if (current?.consumer !== consumer) return void payload.pause();
        let lane = lanes.get(batch.partition);
        // Read before a rebalance took it from us.
        if (lane === undefined) return;
        const messages = batch.messages.map((message) => rawOf(topic, batch.partition, message));
        if (lane.isOther(messages)) {
          logger.warn(
            { topic, partition: batch.partition },
            'intake: the topic was created again, or the offset of the group was set back',
          );
          lane.disown();
          for (const old of retired) if (old.held === 0 && !old.running) retired.delete(old);
          retired.add(lane);
          lane = laneOf(consumer, batch.partition);
          lanes.set(batch.partition, lane);
        }
        // Not resolved: it is fetched again when there is room, or by the next consumer.
        if (stopped || !room(lane)) return void payload.pause();
        lane.offer(messages);
        ends.set(batch.partition, { high: BigInt(batch.highWatermark), last: BigInt(batch.lastOffset()) });
        // Only where to fetch next: what is committed follows Temporal's acknowledgement.
        payload.resolveOffset(batch.lastOffset());
        if (!room(lane)) payload.pause();
      },
    });
  }

  function rebuild(consumer: Consumer, error: unknown): void {
    if (current?.consumer !== consumer || stopped) return;
    logger.warn({ err: error, retry_ms: REBUILD_MS }, 'intake: the consumer is built anew');
    metrics.rebuilt();
    left = leave(current);
    current = undefined;
    for (const lane of lanes.values()) lane.abandon();
    lanes.clear();
    void left.then(() => setTimeout(begin, REBUILD_MS));
  }

  function begin(): void {
    if (stopped) return;
    const consumer = create();
    current = { consumer, memberId: '', joining: Promise.resolve() };
    aliveAt = Date.now();
    current.joining = run(consumer).catch((error: unknown) => {
      rebuild(consumer, error);
    });
  }

  const watchdog = setInterval(
    () => {
      if (current !== undefined && Date.now() - aliveAt > stallMs) {
        rebuild(current.consumer, new Error(`no sign of life for ${stallMs} ms`));
      }
    },
    Math.min(5_000, stallMs / 4),
  );
  begin();

  return {
    check: () => {
      const member = current !== undefined && current.memberId !== '';
      return { ok: member, detail: member ? `${lanes.size} partitions` : 'not in the group' };
    },
    async stop(graceMs) {
      stopped = true;
      clearInterval(watchdog);
      const late = new AbortController();
      const ended = Promise.all([...lanes.values(), ...retired].map((lane) => lane.stop()));
      await Promise.race([ended, sleep(graceMs, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
      await Promise.all([left, ...(current === undefined ? [] : [leave(current)])]);
    },
  };
}

interface Member {
  readonly consumer: Consumer;
  memberId: string;
  /** Until it has joined for the first time, or could not. */
  joining: Promise<void>;
}

/** A consumer that is told to go while it joins would join all the same, and stay. So it joins first, even if nobody waits for that. */
async function leave({ consumer, joining }: Member): Promise<void> {
  const late = new AbortController();
  await Promise.race([
    joining.then(() => consumer.disconnect()).catch(() => undefined),
    sleep(LEAVE_MS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
}

interface KafkaMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

const rawOf = (
  topic: string,
  partition: number,
  { offset, key, value, timestamp, headers = {} }: KafkaMessage,
): RawMessage => ({
  topic,
  partition,
  offset,
  key,
  value,
  timestamp: Math.max(0, Number(timestamp)) || 0,
  headers: Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().map((header) => [name, Buffer.from(header)] as const),
  ),
});
