/**
 * This module delivers messages in produce requests. It cuts them by size, and narrows a refused request down to the
 * message at fault.
 */
import { messageBytes, orderOf, type SendOutcome, type WireMessage } from '../domain/events/publisher.js';
import type { EffectError } from '../domain/failures/failure.js';
import { cut } from '../domain/values/cut.js';
import { groupBy } from '../domain/values/group-by.js';
import { halve } from '../domain/values/halve.js';
import { toEffectError } from './failures.js';

/** A send is one produce request. @throws EffectError */
export type Send<M> = (messages: readonly M[]) => Promise<void>;

/**
 * Bytes of one topic's messages in a request. kafkajs sends a record batch per partition and request, and
 * `max.message.bytes` (1 MiB by default) limits that batch. The rest is for the records' own frames.
 */
const TOPIC_BYTES = 900_000;

/**
 * Delivers messages, request after request, so that messages of a key keep their order.
 * @param strict messages that must not overtake another of `strict` of their topic and key, whatever the other was
 * refused for.
 * @returns the outcome of each message, in their order.
 */
export async function deliver<M extends WireMessage>(
  messages: readonly M[],
  send: Send<M>,
  strict: ReadonlySet<M> = new Set(),
): Promise<SendOutcome[]> {
  const outcomes = new Map<M, SendOutcome>();
  /** Topics, and topics with keys, whose later messages must not overtake one that was not sent. */
  const stopped = new Map<string, EffectError>();
  for (const request of requestsOf(messages)) await halve(request, deliverPart);
  return messages.map((message) => outcomes.get(message) ?? { sent: true });

  function refuse(part: readonly M[], error: EffectError): void {
    for (const message of part) {
      outcomes.set(message, { sent: false, error });
      if (error.failureClass !== 'invalid') stopped.set(message.topic, error);
      else if (strict.has(message)) stopped.set(orderOf(message.topic, message.key), error);
    }
  }

  /** @returns whether the part is to be halved, to find the message at fault. */
  async function deliverPart(part: readonly M[]): Promise<boolean> {
    const open = part.filter((message) => {
      const error =
        stopped.get(message.topic) ??
        (strict.has(message) ? stopped.get(orderOf(message.topic, message.key)) : undefined);
      if (error !== undefined) outcomes.set(message, { sent: false, error, behind: true });
      return error === undefined;
    });
    if (open.length === 0) return false;
    try {
      await send(open);
    } catch (thrown) {
      const error = toEffectError(thrown);
      const topics = groupBy(open, ({ topic }) => topic);
      // No broker answers: the other parts would only wait for the same time-out.
      if (error.failureClass === 'unavailable') {
        for (const { topic } of messages) stopped.set(topic, error);
        refuse(open, error);
      } else if (topics.size > 1) {
        // kafkajs reports one partition's error only, so each topic is sent by itself. Messages that had arrived arrive
        // again, under their event ids.
        for (const ofTopic of topics.values()) await halve(ofTopic, deliverPart);
      } else if (error.failureClass === 'invalid' && open.length > 1) {
        return true;
      } else {
        refuse(open, error);
      }
    }
    return false;
  }
}

/** Cuts messages, in order, into requests that hold at most `TOPIC_BYTES` of any topic. */
export function requestsOf<M extends WireMessage>(messages: readonly M[], topicBytes = TOPIC_BYTES): M[][] {
  const limits = Object.fromEntries(messages.map(({ topic }) => [topic, topicBytes]));
  return [...cut(messages, (message) => ({ [message.topic]: messageBytes(message) }), limits)];
}
