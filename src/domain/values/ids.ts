/** This module makes ids that stay the same however often an intent is delivered. */
import { hash } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import { parse, v5 } from 'uuid';

/**
 * Namespace of every UUIDv5 of this service. It is random, and fixed for good, because changing it would change every
 * id.
 */
const NAMESPACE = parse('c1d6b7e2-5d0f-4a9b-9c38-0e8a5c1f7b64');

/**
 * Makes a UUIDv5 from bytes. From texts the library makes them letter by letter, the namespace's twice: 3.9 us an id
 * against 1.9.
 */
const uuidv5 = (name: string): string => v5(Buffer.from(name), NAMESPACE);

/**
 * Returns the SHA-256 (hex) of what an intent does: its type and payload with sorted keys. Priority and target are left
 * out, because they do not change the effect. The same effect redelivered at another priority is a repeat.
 */
export const payloadHash = (intentType: unknown, payload: unknown): string =>
  hash('sha256', stringify([intentType, payload]));

/**
 * Returns the SHA-256 (hex) of a list's intents as they were sent, with sorted keys. Options and correlation id are
 * left out, because they do not change which effects the list has.
 */
export const listHash = (intents: readonly unknown[]): string => hash('sha256', stringify(intents));

/** Returns the id of an intent that brings none: UUIDv5 of its list's scope, its index in the list, and its hash. */
export const derivedIntentId = (scope: string, index: number, hash: string): string =>
  uuidv5(`${scope}\n${index}\n${hash}`);

/** Returns the id for what is said of a list under an event id that belongs to another list. */
export const conflictId = (eventId: string, hash: string): string => uuidv5(`conflict\n${eventId}\n${hash}`);

/** Returns the `event_id` of a list's envelope. The same list under the same request id is the same event. */
export const emittedId = (payload: Readonly<Record<string, unknown>>): string =>
  uuidv5(`emitted\n${stringify(payload)}`);

/**
 * Returns the id of what a recovery emits. `item` names the state with its version, so that a state emitted again has
 * the same id.
 */
export const recoveredId = (recoveryId: string, item: string): string => uuidv5(`${recoveryId}\n${item}`);

/**
 * Returns the `event_id` of the event an intent causes. It is the same for every attempt, so that consumers can drop
 * repeats.
 */
export const eventIdOf = (intentId: string, eventType: string): string => uuidv5(`${intentId}\n${eventType}`);

/**
 * Returns the `event_id` of the INTENT_RESULT of a list. A later run has one of its own, because consumers would drop
 * its result as a repeat of the first.
 * @param rerunAt `rerun_at` of the verdict; undefined for the first run.
 */
export const resultIdOf = (eventId: string, rerunAt: string | undefined): string =>
  eventIdOf(rerunAt === undefined ? eventId : `${eventId}\n${rerunAt}`, 'INTENT_RESULT');
