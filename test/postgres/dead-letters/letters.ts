/** This module makes dead letters for the tests of their store, and a broker in memory that takes or refuses them. */
import { randomUUID } from 'node:crypto';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import type { NewDeadLetter } from '../../../src/domain/dead-letters/port.js';
import type { EventPublisher, OutboundMessage } from '../../../src/domain/events/publisher.js';

export const SUFFIX = '.dlq';

/** Returns a dead letter of a message with this value. */
export const letter = (value: number, key = 'k', topic = 't'): NewDeadLetter => {
  const event_id = randomUUID();
  const message = { topic, key, value: JSON.stringify(value), headers: { event_id } };
  return { intent_id: randomUUID(), event_id, message, failure_reason: 'test', retry_attempts: 3 };
};

/**
 * Makes a broker that takes every message for which `refuses` names no failure class. `sent` lists the messages it
 * took.
 */
export function broker(refuses: (message: OutboundMessage) => FailureClass | undefined = () => undefined) {
  const sent: string[] = [];
  const publisher: EventPublisher = {
    publish: (messages: readonly OutboundMessage[]) =>
      Promise.resolve(
        messages.map((message) => {
          const failureClass = refuses(message);
          if (failureClass !== undefined) {
            return { sent: false, error: new EffectError(failureClass, `refused ${message.value}`) };
          }
          sent.push(`${message.topic} ${message.value}`);
          return { sent: true };
        }),
      ),
  };
  return { sent, outlet: { publisher, topicSuffix: SUFFIX } };
}

/** Returns the values of the letters, in their order. */
export const valuesOf = (letters: readonly { readonly message: OutboundMessage }[]) =>
  letters.map(({ message }): unknown => JSON.parse(message.value));
