/**
 * Waits for the results of emitted lists. The INTENT_RESULT topic brings what is still to come; what came before is asked of the
 * service, which keeps every verdict as long as its ledger.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Consumer, Kafka } from 'kafkajs';
import { topicOf } from '../domain/events/event-types.js';
import type { Verdict } from '../domain/intake/list.js';
import { toEffectError } from '../kafka/failures.js';
import { until } from '../flow-control/until.js';
import { ClosedError, ResultTimeoutError } from './errors.js';
import { VerdictQuestions } from './verdict-questions.js';

/** Milliseconds between two questions about what the topic has not brought: a dead letter, or a broker that is unavailable. */
const ASK_AGAIN_MS = 30_000;
/** For a first answer when the time is spent, in milliseconds: a question takes some 50, and more on a worker that is busy. */
const LAST_ANSWER_MS = 5_000;
/** A fetch that finds nothing; a result that comes meanwhile ends it. */
const FETCH_WAIT_MS = 500;

/** Milliseconds a topic may be without leaders: one that was just made, or whose broker left. */
const LEADERS_MS = 30_000;

const isTransient = (error: unknown): boolean => toEffectError(error).failureClass === 'transient';

interface Waiter {
  resolve(verdict: Verdict): void;
  fail(error: Error): void;
}

export class ResultListener {
  readonly #topic: string;
  readonly #waiting = new Map<string, Set<Waiter>>();
  readonly #questions: VerdictQuestions;
  #consumer: Promise<Consumer> | undefined;
  #closed = false;

  constructor(
    private readonly kafka: Kafka,
    topicPrefix: string,
    temporal: Client,
    taskQueue: string,
  ) {
    this.#topic = topicOf(topicPrefix, 'INTENT_RESULT');
    this.#questions = new VerdictQuestions(temporal, taskQueue, (verdict) => {
      this.#resolve(verdict);
    });
  }

  /**
   * Listening takes 1 to 3 s to begin, so the service is asked meanwhile: one that was answered long ago needs no broker.
   * @throws ResultTimeoutError; ClosedError; EffectError when no broker is there and the service has no result.
   */
  result(eventId: string, timeoutMs: number): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new ClosedError(eventId));
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        clearInterval(again);
        const waiters = this.#waiting.get(eventId);
        waiters?.delete(waiter);
        if (waiters?.size === 0) this.#waiting.delete(eventId);
      };
      const waiter: Waiter = {
        resolve: (verdict) => {
          end();
          resolve(verdict);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      this.#waiting.set(eventId, (this.#waiting.get(eventId) ?? new Set()).add(waiter));
      const answered = this.#questions.ask(eventId);
      const again = setInterval(() => void this.#questions.ask(eventId), ASK_AGAIN_MS);
      const late = (): void => {
        waiter.fail(new ResultTimeoutError(eventId, timeoutMs));
      };
      let timer = setTimeout(() => {
        timer = setTimeout(late, LAST_ANSWER_MS);
        void answered.then((was) => was || this.#questions.ask(eventId)).then(late);
      }, timeoutMs);
      this.#listen().catch(async (error: unknown) => {
        await answered;
        waiter.fail(toEffectError(error));
      });
    });
  }

  /** Fails every wait at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#questions.close();
    for (const [eventId, waiters] of [...this.#waiting]) {
      for (const waiter of [...waiters]) waiter.fail(new ClosedError(eventId));
    }
    await (await this.#consumer?.catch(() => undefined))?.disconnect();
  }

  #resolve(verdict: Verdict): void {
    for (const waiter of [...(this.#waiting.get(verdict.event_id) ?? [])]) waiter.resolve(verdict);
  }

  #listen(): Promise<Consumer> {
    this.#consumer ??= this.#consume().catch((error: unknown) => {
      this.#consumer = undefined;
      throw toEffectError(error);
    });
    return this.#consumer;
  }

  /** A group of its own, that commits nothing: everybody who waits reads all results. */
  async #consume(): Promise<Consumer> {
    const topic = this.#topic;
    const next = await this.#ends();
    // A verdict is stored before it is published: those from before this offset are found, those after it are read.
    for (const eventId of this.#waiting.keys()) void this.#questions.ask(eventId);
    const consumer = this.kafka.consumer({
      groupId: `bridge-results-${randomUUID()}`,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      // Asked for often enough: a topic that grew brings results of its new partitions late, not never.
      metadataMaxAge: ASK_AGAIN_MS,
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      for (const partition of payload.memberAssignment[topic] ?? []) {
        consumer.seek({ topic, partition, offset: next.get(partition) ?? '0' });
      }
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return;
      this.#consumer = undefined;
      void consumer.disconnect().catch(() => undefined);
    });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [topic] });
      await consumer.run({
        autoCommit: false,
        // eslint-disable-next-line @typescript-eslint/require-await -- kafkajs wants a promise
        eachMessage: async ({ partition, message }) => {
          next.set(partition, String(BigInt(message.offset) + 1n));
          const verdict = this.#waiting.size === 0 ? null : verdictOf(message.value);
          if (verdict !== null) this.#resolve(verdict);
        },
      });
      return consumer;
    } catch (error) {
      await consumer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async #ends(): Promise<Map<number, string>> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const ends = await until(LEADERS_MS, () => admin.fetchTopicOffsets(this.#topic), isTransient);
      return new Map(ends.map(({ partition, high }) => [partition, high]));
    } finally {
      await admin.disconnect();
    }
  }
}

/** Null for what is no result of ours: anybody may write to a topic. */
function verdictOf(value: Buffer | null): Verdict | null {
  try {
    const { payload, correlation_id } = JSON.parse(String(value)) as { payload: Verdict; correlation_id: string };
    if (typeof payload.event_id !== 'string' || !Array.isArray(payload.results)) return null;
    return { ...payload, correlation_id };
  } catch {
    return null;
  }
}
