/** A member of the consumer group: one kafkajs consumer, from its creation until it has left the group. */
import type { Consumer, EachBatchHandler, Kafka } from 'kafkajs';
import pTimeout from 'p-timeout';

/**
 * Milliseconds. A fetch that finds nothing, or everything paused, lasts this long: the delay of a partition that
 * resumes.
 */
const FETCH_WAIT_MS = 250;
const SESSION_MS = 30_000;
/** Nothing of ours blocks a rejoin. */
const REBALANCE_MS = 30_000;
/** Milliseconds a member that is given up gets to leave the group. */
const LEAVE_MS = 5_000;

/** What a member tells its intake. */
export interface MemberEvents {
  /** It joined the group, or joined again. */
  joined(partitions: readonly number[], memberId: string): void;
  /** It cannot go on: another one has to be built. */
  failed(error: unknown): void;
}

export class GroupMember {
  readonly consumer: Consumer;
  /** Of the group; empty until it has joined. */
  memberId = '';
  /** When it last showed a sign of life, milliseconds since 1970. */
  aliveAt = Date.now();
  readonly #topic: string;
  readonly #events: MemberEvents;
  /** Until it has joined for the first time, or could not. */
  #joining: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka, groupId: string, topic: string, events: MemberEvents) {
    this.#topic = topic;
    this.#events = events;
    this.consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: 3_000,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      // One way of starting again: ours. kafkajs's leaves out what it takes for permanent.
      retry: { retries: 3, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#watch();
  }

  /** Joins the group and fetches. Offsets are committed by hand, behind Temporal's acknowledgement. */
  start(eachBatch: EachBatchHandler): void {
    this.#joining = this.#run(eachBatch).catch((error: unknown) => {
      this.#events.failed(error);
    });
  }

  /** Leaves after the join: a consumer that is stopped while it joins would join all the same, and stay. */
  async leave(): Promise<void> {
    const left = this.#joining.then(() => this.consumer.disconnect()).catch(() => undefined);
    await pTimeout(left, { milliseconds: LEAVE_MS, message: false });
  }

  async #run(eachBatch: EachBatchHandler): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
    await this.consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
  }

  #watch(): void {
    const { consumer } = this;
    const alive = (): void => {
      this.aliveAt = Date.now();
    };
    // kafkajs goes on at its old position after a fetch that failed because the topic was gone; created again
    // meanwhile, the topic's first messages would be passed over. The group's offsets went with the topic: a new
    // consumer begins at the right offset.
    const fetching = new Set<number>();
    consumer.on(consumer.events.FETCH_START, ({ payload }) => {
      if (fetching.has(payload.nodeId)) this.#events.failed(new Error('a fetch failed'));
      fetching.add(payload.nodeId);
    });
    consumer.on(consumer.events.FETCH, ({ payload }) => {
      fetching.delete(payload.nodeId);
      alive();
    });
    consumer.on(consumer.events.HEARTBEAT, alive);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      alive();
      this.#events.joined(payload.memberAssignment[this.#topic] ?? [], payload.memberId);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#events.failed(payload.error);
    });
  }
}
