/** The `EventPublisher` port over a kafkajs producer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CompressionTypes, type Kafka, Partitioners, type Producer, type TopicMessages } from 'kafkajs';
import { groupCommit, type GroupCommitOptions } from '../flow-control/group-commit.js';
import { groupBy } from '../domain/values/group-by.js';
import { EffectError } from '../domain/failures/failure.js';
import { type EventPublisher, orderOf, type OutboundMessage, type SendOutcome } from '../domain/events/publisher.js';
import { isMissingTopic, toEffectError } from './failures.js';
import type { BatchSettings } from './settings.js';

export interface KafkaPublisher extends EventPublisher {
  /** Asks the cluster who is there. @throws EffectError when it does not answer. */
  ping(): Promise<{ readonly brokers: number }>;
  disconnect(): Promise<void>;
}

/**
 * Bytes of one topic's messages in a request: kafkajs sends a record batch per partition and request, and
 * `max.message.bytes` (1 MiB by default) limits that batch. The rest is for the records' own frames.
 */
const TOPIC_BYTES = 900_000;
/** Frame, timestamps and lengths of a record and of its headers. */
const RECORD_OVERHEAD = 100;

export interface PublisherOptions extends GroupCommitOptions {
  /** Creates topics that are missing; asked when a broker says one is. Default: nothing is created. */
  readonly createTopics?: () => Promise<unknown>;
  /** Milliseconds after which messages that have no answer count as not sent; default 65,000. */
  readonly deadlineMs?: number;
  /** Default `none`. */
  readonly compression?: BatchSettings['compression'];
}

/**
 * A producer with acks from all replicas and the Java client's partitioner. It connects when it is first asked for something, and
 * again as long as that fails: a worker that starts while the brokers are away serves PostgreSQL and keeps dead letters.
 */
export function createPublisher(kafka: Kafka, options: PublisherOptions = {}): KafkaPublisher {
  const producer = kafka.producer({
    // Named, because kafkajs changed its default in version 2: the same key must stay on the same partition.
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    // Not idempotent: after a failed send kafkajs takes the sequence back, and a later batch may be acknowledged unwritten.
    idempotent: false,
    // None: on its own retry kafkajs skips every broker that has answered before, also for a partition that has moved to it
    // since, and reports the whole send as acknowledged. Temporal's next attempt sends everything, under the same event ids.
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
  const send = topicCreating(async (messages) => {
    await connect();
    await sendTogether(producer, messages, COMPRESSION[options.compression ?? 'none']);
  }, options.createTopics);
  // Two in flight: one is on its way while the other is put together.
  const together = groupCommit<Waiting, SendOutcome>((waiting) => settleOpen(waiting, send), {
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

/** A message, and whether its caller has stopped waiting for it. */
interface Waiting {
  readonly message: OutboundMessage;
  readonly caller: { readonly strict: boolean; given: SendOutcome | undefined };
}

/** Leaves out what was given up in the queue: its next attempt sends it, and a late one would come after it. */
async function settleOpen(waiting: readonly Waiting[], send: Send): Promise<SendOutcome[]> {
  const open = waiting.filter(({ caller }) => caller.given === undefined);
  const strict = new Set(open.filter(({ caller }) => caller.strict).map(({ message }) => message));
  const outcomes = await settleAll(
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

/** Bounds how long callers wait. What is on its way then may still arrive: again, under its event id. */
function within(
  deadlineMs: number,
  publish: (waiting: readonly Waiting[]) => Promise<SendOutcome[]>,
): EventPublisher['publish'] {
  return async (messages, { strict = false } = {}) => {
    const caller: Waiting['caller'] = { strict, given: undefined };
    const settled = new AbortController();
    const late = sleep(deadlineMs, undefined, { signal: settled.signal }).then(() => {
      const error = new EffectError('unavailable', `Kafka: no answer within ${deadlineMs} ms`, { code: 'KAFKA_ERROR' });
      const given: SendOutcome = (caller.given = { sent: false, error });
      return messages.map(() => given);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([publish(messages.map((message) => ({ message, caller }))), late]);
    } finally {
      settled.abort();
    }
  };
}

const COMPRESSION = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  lz4: CompressionTypes.LZ4,
} as const;

type Send = (messages: readonly OutboundMessage[]) => Promise<void>;

/** One produce request. @throws EffectError */
async function sendTogether(
  producer: Producer,
  messages: readonly OutboundMessage[],
  compression: CompressionTypes,
): Promise<void> {
  const topicMessages: TopicMessages[] = [...groupBy(messages, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    messages: ofTopic.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
  }));
  try {
    await producer.sendBatch({ topicMessages, acks: -1, compression });
  } catch (error) {
    throw toEffectError(error);
  }
}

/** Sends once more after missing topics were created; senders that need them at the same time share one creation. */
function topicCreating(send: Send, createTopics: PublisherOptions['createTopics']): Send {
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

/**
 * Sends request after request, so that messages of a key keep their order, and settles each message.
 * @param strict those that must not overtake one of `strict` of their topic and key, whatever that was refused for.
 */
export async function settleAll(
  messages: readonly OutboundMessage[],
  send: Send,
  strict: ReadonlySet<OutboundMessage> = new Set(),
): Promise<SendOutcome[]> {
  const outcomes = new Map<OutboundMessage, SendOutcome>();
  /** Topics, and topics with keys, whose later messages must not overtake one that was not sent. */
  const stopped = new Map<string, EffectError>();
  for (const request of requestsOf(messages)) await settle(request);
  return messages.map((message) => outcomes.get(message) ?? { sent: true });

  function refuse(part: readonly OutboundMessage[], error: EffectError): void {
    for (const message of part) {
      outcomes.set(message, { sent: false, error });
      if (error.failureClass !== 'invalid') stopped.set(message.topic, error);
      else if (strict.has(message)) stopped.set(orderOf(message.topic, message.key), error);
    }
  }

  async function settle(part: readonly OutboundMessage[]): Promise<void> {
    const open = part.filter((message) => {
      const error =
        stopped.get(message.topic) ??
        (strict.has(message) ? stopped.get(orderOf(message.topic, message.key)) : undefined);
      if (error !== undefined) outcomes.set(message, { sent: false, error, behind: true });
      return error === undefined;
    });
    if (open.length === 0) return;
    try {
      await send(open);
    } catch (thrown) {
      const error = toEffectError(thrown);
      const topics = groupBy(open, ({ topic }) => topic);
      // Nobody there: the other parts would only wait for the same time-out.
      if (error.failureClass === 'unavailable') {
        for (const { topic } of messages) stopped.set(topic, error);
        refuse(open, error);
      } else if (topics.size > 1) {
        // kafkajs tells of one partition's error only: each topic for itself. What had arrived arrives again, under its event id.
        for (const ofTopic of topics.values()) await settle(ofTopic);
      } else if (error.failureClass === 'invalid' && open.length > 1) {
        // One bad message of 500 costs some 19 requests, a request without one none.
        const middle = Math.ceil(open.length / 2);
        await settle(open.slice(0, middle));
        await settle(open.slice(middle));
      } else {
        refuse(open, error);
      }
    }
  }
}

/** Cuts messages, in order, into requests that hold at most `TOPIC_BYTES` of any topic. */
export function requestsOf(messages: readonly OutboundMessage[], topicBytes = TOPIC_BYTES): OutboundMessage[][] {
  const requests: OutboundMessage[][] = [];
  const bytes = new Map<string, number>();
  for (const message of messages) {
    const size = sizeOf(message);
    const current = requests.at(-1);
    const held = bytes.get(message.topic) ?? 0;
    if (current === undefined || (held > 0 && held + size > topicBytes)) {
      requests.push([message]);
      bytes.clear();
      bytes.set(message.topic, size);
    } else {
      current.push(message);
      bytes.set(message.topic, held + size);
    }
  }
  return requests;
}

const sizeOf = ({ key, value, headers }: OutboundMessage): number =>
  RECORD_OVERHEAD +
  Buffer.byteLength(key) +
  Buffer.byteLength(value) +
  Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text), 0);
