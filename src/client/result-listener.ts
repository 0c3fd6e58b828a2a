/**
 * Waits for the results of emitted lists. The INTENT_RESULT topic brings what is still to come; what came before the first
 * question is asked of the service, which keeps every verdict as long as its ledger.
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Consumer, Kafka } from 'kafkajs';
import { topicOf } from '../intents/event-types.js';
import type { FoundVerdicts, Verdict } from '../intents/slice.js';
import { toEffectError } from '../kafka/failures.js';
import { ResultTimeoutError } from './errors.js';

/** Milliseconds between two questions about what the topic has not brought: a dead letter, or a broker that is away. */
const ASK_AGAIN_MS = 30_000;
/** Ids of one question; the service takes as many. */
const ASK_AT_ONCE = 500;
/** A fetch that finds nothing; a result that comes meanwhile ends it. */
const FETCH_WAIT_MS = 500;

type Waiter = (verdict: Verdict) => void;

export class ResultListener {
  readonly #topic: string;
  readonly #waiting = new Map<string, Set<Waiter>>();
  #consumer: Promise<Consumer> | undefined;
  #asking: NodeJS.Immediate | undefined;
  readonly #toAsk = new Set<string>();

  constructor(
    private readonly kafka: Kafka,
    topicPrefix: string,
    private readonly temporal: Client,
    private readonly taskQueue: string,
  ) {
    this.#topic = topicOf(topicPrefix, 'INTENT_RESULT');
  }

  /** @throws ResultTimeoutError; EffectError when no broker is there. */
  async result(eventId: string, timeoutMs: number): Promise<Verdict> {
    const until = Date.now() + timeoutMs;
    // First the place to read on from, then the question: a verdict is stored before it is published, so one of them has it.
    await this.#listen();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timeout);
        clearInterval(again);
        const waiters = this.#waiting.get(eventId);
        waiters?.delete(settle);
        if (waiters?.size === 0) this.#waiting.delete(eventId);
      };
      const settle = (verdict: Verdict): void => {
        end();
        resolve(verdict);
      };
      const timeout = setTimeout(
        () => {
          end();
          reject(new ResultTimeoutError(eventId, timeoutMs));
        },
        Math.max(0, until - Date.now()),
      );
      const again = setInterval(() => {
        this.#ask(eventId);
      }, ASK_AGAIN_MS);
      this.#waiting.set(eventId, (this.#waiting.get(eventId) ?? new Set()).add(settle));
      this.#ask(eventId);
    });
  }

  async close(): Promise<void> {
    clearImmediate(this.#asking);
    await (await this.#consumer?.catch(() => undefined))?.disconnect();
  }

  #settle(verdict: Verdict): void {
    for (const waiter of [...(this.#waiting.get(verdict.event_id) ?? [])]) waiter(verdict);
  }

  /** Those who ask in one turn of the event loop ask together. */
  #ask(eventId: string): void {
    this.#toAsk.add(eventId);
    this.#asking ??= setImmediate(() => {
      this.#asking = undefined;
      const ids = [...this.#toAsk];
      this.#toAsk.clear();
      for (let first = 0; first < ids.length; first += ASK_AT_ONCE) {
        // Asked again later; until then the topic may bring it.
        this.#find(ids.slice(first, first + ASK_AT_ONCE)).catch(() => undefined);
      }
    });
  }

  async #find(eventIds: readonly string[]): Promise<void> {
    for (let ids = eventIds; ids.length > 0;) {
      const found = await this.temporal.workflow.execute<(input: unknown) => Promise<FoundVerdicts>>(
        'FindVerdictsWorkflow',
        {
          args: [{ event_ids: ids }],
          taskQueue: this.taskQueue,
          workflowId: `find-verdicts-${randomUUID()}`,
          workflowExecutionTimeout: ASK_AGAIN_MS,
          staticSummary: `${ids.length} ${ids.length === 1 ? 'result' : 'results'}`,
        },
      );
      for (const verdict of found.verdicts) this.#settle(verdict);
      ids = found.left;
    }
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
          if (verdict !== null) this.#settle(verdict);
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
      const ends = await admin.fetchTopicOffsets(this.#topic);
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
