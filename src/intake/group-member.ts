/** A group member is one kafkajs consumer, from its creation until it has left the consumer group. */
import type { Consumer, EachBatchHandler, Kafka } from 'kafkajs';
import pTimeout from 'p-timeout';
import { REBALANCE_MS, SESSION_HEARTBEAT_MS, SESSION_MS } from '../domain/time-outs.js';

/**
 * Milliseconds of a fetch that finds nothing, or finds every partition paused. A partition that resumes is delayed by
 * as long.
 */
const FETCH_WAIT_MS = 250;
/** Milliseconds that a member gets to leave the group when it is given up. */
const LEAVE_MS = 5_000;

/** A member reports these events to its intake. */
export interface MemberEvents {
  /** Reports that the member has joined the group, for the first time or again. */
  joined(partitions: readonly number[], memberId: string): void;
  /** Reports that the member cannot go on, so another one has to be built. */
  failed(error: unknown): void;
}

export class GroupMember {
  readonly consumer: Consumer;
  /** The member's id in the group; empty until it has joined. */
  memberId = '';
  /** The time of the last sign of life, in milliseconds since 1970. */
  aliveAt = Date.now();
  readonly #topic: string;
  readonly #events: MemberEvents;
  /** This promise resolves when the member has joined for the first time, or could not. */
  #joining: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka, groupId: string, topic: string, events: MemberEvents) {
    this.#topic = topic;
    this.#events = events;
    this.consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: SESSION_HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      // The intake alone starts a consumer again: kafkajs's own restart leaves out failures it takes for permanent.
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

  /** Leaves the group after the join: a consumer that is stopped while it joins would join all the same, and stay. */
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
    // After a fetch that failed because the topic was gone, kafkajs goes on at its old offset. It would pass over the
    // first messages of a topic that was created again meanwhile. The group's offsets went with the old topic, so a new
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
