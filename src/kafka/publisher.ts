/** This module implements the `EventPublisher` port over a kafkajs producer. */
import {
  CompressionTypes,
  type ICustomPartitioner,
  type Kafka,
  Partitioners,
  type Producer,
  type TopicMessages,
} from 'kafkajs';
import pTimeout from 'p-timeout';
import { groupCommit, type GroupCommitOptions } from '../flow-control/group-commit.js';
import { groupBy } from '../domain/values/group-by.js';
import { EffectError } from '../domain/failures/failure.js';
import type { EventPublisher, SendOutcome, WireMessage } from '../domain/events/publisher.js';
import { deliver, type Send } from './delivery.js';
import { isMissingTopic, toEffectError } from './failures.js';
import type { BatchSettings } from './settings.js';

export interface KafkaPublisher extends EventPublisher {
  /** Asks the cluster how many brokers it has. @throws EffectError when it does not answer. */
  ping(): Promise<{ readonly brokers: number }>;
  disconnect(): Promise<void>;
}

export interface PublisherOptions extends GroupCommitOptions {
  /** Creates missing topics; called when a broker says that one is missing. Default: nothing is created. */
  readonly createTopics?: () => Promise<unknown>;
  /** Milliseconds after which messages that have no answer count as not sent; default 65,000. */
  readonly deadlineMs?: number;
  /** The compression of produce requests; default `none`. */
  readonly compression?: BatchSettings['compression'];
}

/**
 * Creates a producer with acks from all replicas and the Java client's partitioner. It connects when it is first asked
 * for something, and again as long as that fails. So a worker that starts while the brokers are unavailable serves
 * PostgreSQL and keeps dead letters.
 */
export function createPublisher(kafka: Kafka, options: PublisherOptions = {}): KafkaPublisher {
  const producer = kafka.producer({
    createPartitioner,
    allowAutoTopicCreation: false,
    // The producer is not idempotent: after a failed send kafkajs takes the sequence back, and a later batch may be
    // acknowledged unwritten.
    idempotent: false,
    // The producer makes no retries. On its own retry kafkajs skips every broker that has answered before, also for a
    // partition that has moved to it since. It then reports the whole send as acknowledged. Temporal's next attempt
    // sends everything, under the same event ids.
    retry: { retries: 0 },
  });
  const admin = kafka.admin({ retry: { retries: 0 } });
  let connecting: Promise<unknown> | undefined;
  /** @throws EffectError */
  async function connect(): Promise<void> {
    connecting ??= Promise.all([producer.connect(), admin.connect()]);
    try {
      await connecting;
    } catch (error) {
      connecting = undefined;
      throw toEffectError(error);
    }
  }
  const send = topicCreating<WireMessage>(async (messages) => {
    await connect();
    await sendTogether(producer, messages, COMPRESSION[options.compression ?? 'none']);
  }, options.createTopics);
  // Two requests are in flight at most: one is on its way while the other is put together.
  const together = groupCommit<Waiting, SendOutcome>((waiting) => deliverOpen(waiting, send), {
    maxInFlight: 2,
    ...options,
  });
  return {
    async ping() {
      await connect();
      try {
        return { brokers: (await admin.describeCluster()).brokers.length };
      } catch (error) {
        throw toEffectError(error);
      }
    },
    publish: within(options.deadlineMs ?? 65_000, together),
    async disconnect() {
      await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
    },
  };
}

/**
 * Chooses partitions by the key, as the Java client does. The partitioner is named, because kafkajs changed its default
 * in version 2: the same key must stay on the same partition.
 */
const createPartitioner: ICustomPartitioner = () => {
  const byKey = Partitioners.DefaultPartitioner();
  return (args) => {
    const { message, partitionMetadata } = args;
    return message.partition === undefined ? byKey(args) : message.partition % partitionMetadata.length;
  };
};

/**
 * A waiting message has a caller, who may have stopped waiting for it; `given` is the outcome that the caller got then.
 */
interface Waiting {
  readonly message: WireMessage;
  readonly caller: { readonly strict: boolean; given: SendOutcome | undefined };
}

/**
 * Delivers the messages whose callers still wait. A message that was given up in the queue is left out: its next
 * attempt sends it, and a late copy would come after that.
 */
async function deliverOpen(waiting: readonly Waiting[], send: Send<WireMessage>): Promise<SendOutcome[]> {
  const open = waiting.filter(({ caller }) => caller.given === undefined);
  const strict = new Set(open.filter(({ caller }) => caller.strict).map(({ message }) => message));
  const outcomes = await deliver(
    open.map(({ message }) => message),
    send,
    strict,
  );
  const outcomeOf = new Map(open.map((one, index) => [one, outcomes[index]]));
  return waiting.map((one) => {
    const outcome = outcomeOf.get(one) ?? one.caller.given;
    if (outcome === undefined) throw new EffectError('unknown', 'Kafka: a message has no outcome');
    return outcome;
  });
}

/**
 * Bounds how long callers wait. A message that is on its way by then may still arrive; the next attempt sends it again,
 * under its event id.
 */
function within(
  deadlineMs: number,
  publish: (waiting: readonly Waiting[]) => Promise<SendOutcome[]>,
): EventPublisher['publish'] {
  return async (messages, { strict = false } = {}) => {
    const caller: Waiting['caller'] = { strict, given: undefined };
    return pTimeout(publish(messages.map((message) => ({ message, caller }))), {
      milliseconds: deadlineMs,
      fallback: () => {
        const error = new EffectError('unavailable', `Kafka: no answer within ${deadlineMs} ms`, {
          store: 'kafka',
        });
        const given: SendOutcome = (caller.given = { sent: false, error });
        return messages.map(() => given);
      },
    });
  };
}

const COMPRESSION = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  lz4: CompressionTypes.LZ4,
} as const;

/** Sends one produce request. @throws EffectError */
async function sendTogether(
  producer: Producer,
  messages: readonly WireMessage[],
  compression: CompressionTypes,
): Promise<void> {
  const topicMessages: TopicMessages[] = [...groupBy(messages, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.map(({ key, value, headers, partition }) => ({
      key,
      value,
      headers: { ...headers },
      ...(partition === undefined ? {} : { partition }),
    })),
  }));
  try {
    await producer.sendBatch({ topicMessages, acks: -1, compression });
  } catch (error) {
    throw toEffectError(error, { operation: 'Write', topics: topicMessages.map(({ topic }) => topic) });
  }
}

/** Sends once more after missing topics were created; senders that need them at the same time share one creation. */
function topicCreating<M>(send: Send<M>, createTopics: PublisherOptions['createTopics']): Send<M> {
  if (createTopics === undefined) return send;
  let creating: Promise<unknown> | undefined;
  return async (messages) => {
    try {
      await send(messages);
    } catch (error) {
      if (!isMissingTopic(error)) throw error;
      creating ??= createTopics().finally(() => (creating = undefined));
      await creating.catch((cause: unknown) => {
        throw toEffectError(cause);
      });
      await send(messages);
    }
  };
}
