/**
 * This effect publishes the PublishEvent intents of a batch, and the announcements of intents that were recorded
 * before. The ledger is read first and written last, so a repeated intent is not published again. A crash in between
 * publishes it once more under the same `event_id`. An event that no broker takes becomes a dead letter (ADR 0006).
 */
import { log } from '@temporalio/activity';
import { sendCopies } from '../../src/domain/dead-letters/copy.js';
import { type EventInput, makeEnvelope, toMessage } from '../../src/domain/events/envelope.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import { isRefusedLogin } from '../../src/domain/failures/failure-table.js';
import { eventIdOf } from '../../src/domain/values/ids.js';
import type { Command, EffectOutcome } from '../../src/domain/intents/command.js';
import type { NewDeadLetter } from '../../src/domain/dead-letters/port.js';
import type { LedgerRecord } from '../../src/domain/ledger/port.js';
import type { OutboundMessage, PublishFields, SendOutcome } from '../../src/domain/events/publisher.js';
import { publishEvent as definition } from '../../src/domain/intents/publish-event/definition.js';
import { keyFieldsOf } from '../../src/domain/intents/publish-event/event.js';
import type { PublishEventPayload } from '../../src/domain/intents/publish-event/schema.js';
import { repeatOf } from '../../src/domain/ledger/repeat.js';
import { defineEffect, type EffectBatch } from './effect.js';
import type { Ports } from '../ports.js';

type PublishCommand = Command<PublishEventPayload>;
type PublishBatch = EffectBatch<PublishEventPayload>;

/** An outbound message is one message on its way, with the intent it belongs to. */
interface Outbound {
  readonly intentId: string;
  readonly eventId: string;
  readonly message: OutboundMessage;
  /** The command of a PublishEvent intent; absent for an announcement. */
  readonly command?: PublishCommand;
}

/** The fate of a message is the error that kept it from being sent; `null` when it was sent. */
type Fate = EffectError | null;

export const publishEvent = defineEffect(definition, (ports) => async (batch) => {
  // An id may come twice in a batch, from two lists of a slice. The first command is published, and the others repeat
  // it or conflict with it.
  const first = new Map<string, PublishCommand>();
  for (const command of batch.commands) if (!first.has(command.intent_id)) first.set(command.intent_id, command);
  const wanted = [
    ...announcementsOf(ports, batch),
    ...[...first.values()].map((command) => messageOf(ports, command, batch)),
  ];
  // The two questions are asked at once, so that an intent waits for one round trip.
  const [known, blocked] = await Promise.all([
    ports.ledger.find(batch.commands.map((command) => command.intent_id)),
    blockedOf(ports, wanted),
  ]);
  const outbound = wanted.filter(({ command }) => command === undefined || !known.has(command.intent_id));
  const fates = await publish(ports, outbound, blocked);
  // An intent whose event is refused fails. A refused announcement has no intent that could say so, and becomes a dead
  // letter. Where dead letters are switched off, the log says that it is lost.
  const isInvalid = (one: Outbound): boolean => fates.get(one)?.failureClass === 'invalid';
  const refused = outbound.filter((one) => isInvalid(one) && (one.command !== undefined || !keepsLetters(ports)));
  const unsent = outbound.filter((one) => fates.get(one) !== null && !refused.includes(one));
  const raced = await ports.ledger.record(
    outbound.filter((one) => fates.get(one) === null).flatMap((one) => recordOf(ports, one, { event_published: true })),
  );
  const failure = unsent
    .filter((one) => !isInvalid(one))
    .map((one) => fates.get(one))
    .find((fate) => fate !== BLOCKED);
  if (failure != null && !isTimeToDeadLetter(ports, batch, failure)) throw failure;
  const late = await deadLetter(ports, unsent, fates, batch);
  for (const { command, intentId } of [...unsent, ...refused]) if (command === undefined) batch.notAnnounced(intentId);
  for (const one of refused.filter(({ command }) => command === undefined)) logLost(one, fates.get(one));

  const recordedAt = new Date().toISOString();
  const deadLettered = new Set(unsent.map(({ intentId }) => intentId));
  const eventIds = new Map(outbound.flatMap((one) => (one.command === undefined ? [] : [[one.intentId, one.eventId]])));
  const errors = new Map(refused.map((one) => [one.intentId, fates.get(one)?.message ?? '']));
  return batch.commands.map((command): EffectOutcome<PublishFields> => {
    const { intent_id } = command;
    const stored = known.get(intent_id) ?? raced.get(intent_id) ?? late.get(intent_id);
    if (stored !== undefined) {
      // The stored result was written by `recordOf`, in this very shape.
      const result = stored.result as unknown as PublishFields;
      const outcome = repeatOf(command, stored, result, stored.execution_id !== command.execution_id);
      return outcome.ok ? { ...outcome, dead_lettered: !result.event_published } : outcome;
    }
    const error = errors.get(intent_id);
    if (error !== undefined) return { ok: false, error, settled_at: recordedAt };
    const dead_lettered = deadLettered.has(intent_id);
    const result = fieldsOf(
      ports,
      command,
      dead_lettered ? DEAD_LETTERED : { event_published: true },
      eventIds.get(intent_id),
    );
    const winner = first.get(intent_id) ?? command;
    if (winner === command) return { ok: true, result, settled_at: recordedAt, repeated: false, dead_lettered };
    const outcome = repeatOf(command, { ...winner, settled_at: recordedAt }, result, true);
    return outcome.ok ? { ...outcome, dead_lettered } : outcome;
  });
});

const BLOCKED = new EffectError('transient', 'queued behind an open dead letter of its topic and key');

/** Sends the messages that no open dead letter blocks. */
async function publish(
  ports: Ports,
  outbound: readonly Outbound[],
  blocked: ReadonlySet<Outbound>,
): Promise<Map<Outbound, Fate>> {
  const free = outbound.filter((one) => !blocked.has(one));
  const outcomes = await ports.publisher.publish(free.map(({ message }) => message));
  const fateOf = (outcome: SendOutcome | undefined): Fate => (outcome?.sent === false ? outcome.error : null);
  return new Map([
    ...outbound.map((one) => [one, BLOCKED] as const),
    ...free.map((one, index) => [one, fateOf(outcomes[index])] as const),
  ]);
}

/** Returns the messages that an open dead letter of their topic and key blocks. */
async function blockedOf(ports: Ports, wanted: readonly Outbound[]): Promise<ReadonlySet<Outbound>> {
  if (ports.deadLetters.lettersPass) return new Set();
  try {
    const blocked = await ports.deadLetters.store.blocked(wanted.map(({ message }) => message));
    return new Set(wanted.filter((_, index) => blocked[index] === true));
  } catch (error) {
    // Announcing the database's outage must not wait for its end.
    if (wanted.every(({ command }) => command === undefined)) return new Set();
    throw error;
  }
}

const keepsLetters = ({ deadLetters: { afterAttempts } }: Ports): boolean => afterAttempts !== Infinity;

function logLost({ intentId, eventId, message: { topic } }: Outbound, fate: Fate | undefined): void {
  log.error('an announcement that its topic refuses is lost: dead letters are switched off', {
    intent_id: intentId,
    event_id: eventId,
    topic,
    reason: fate?.message,
  });
}

/**
 * Returns whether the attempts are spent: `afterAttempts` of them, or all that this failure gets, which may be fewer. A
 * refused login counts as none of them. A rotated password is mended within seconds, and says nothing of the event.
 */
function isTimeToDeadLetter(ports: Ports, batch: PublishBatch, failure: EffectError): boolean {
  const areSpent = batch.attempt >= ports.deadLetters.afterAttempts && !isRefusedLogin(failure);
  return keepsLetters(ports) && (areSpent || batch.isLast(failure));
}

/** @returns by intent id the ledger rows of intents that another execution recorded meanwhile. */
async function deadLetter(
  ports: Ports,
  unsent: readonly Outbound[],
  fates: ReadonlyMap<Outbound, Fate>,
  batch: PublishBatch,
): Promise<ReadonlyMap<string, LedgerRecord>> {
  if (unsent.length === 0) return new Map();
  const letters = unsent.map((one): NewDeadLetter => {
    const fate = fates.get(one);
    return {
      intent_id: one.intentId,
      event_id: one.eventId,
      message: one.message,
      failure_reason: fate?.message ?? '',
      retry_attempts: fate === BLOCKED ? 0 : batch.attempt,
    };
  });
  const { store, topicSuffix } = ports.deadLetters;
  const recorded = await store.add(
    letters,
    unsent.flatMap((one) => recordOf(ports, one, DEAD_LETTERED)),
  );
  // The copies are left to the next redrive when no broker is there.
  if (unsent.some((one) => fates.get(one)?.failureClass === 'unavailable')) return recorded;
  const failedAt = new Date().toISOString();
  const outlet = { publisher: ports.publisher, topicSuffix };
  const added = letters.filter(({ intent_id }) => !recorded.has(intent_id));
  await store.copied(await sendCopies(added, () => failedAt, outlet));
  return recorded;
}

const outboundOf = (ports: Ports, event: EventInput): Outbound => {
  const envelope = makeEnvelope(ports.source, event);
  return {
    intentId: event.intentId,
    eventId: envelope.event_id,
    message: toMessage(ports.source.topicPrefix, envelope),
  };
};

/** Returns the messages of a batch that announce intents which were recorded before. */
const announcementsOf = (ports: Ports, batch: PublishBatch): Outbound[] =>
  batch.announce.map(({ intent_id: intentId, event_type: eventType, ...announcement }) =>
    outboundOf(ports, {
      intentId,
      eventType,
      eventId: announcement.event_id,
      timestamp: batch.scheduledAt,
      payload: announcement.payload,
      correlationId: announcement.correlation_id ?? batch.correlationId,
      causationId: announcement.causation_id,
      partitionKey: announcement.partition_key,
    }),
  );

/** Returns the message of a PublishEvent intent. */
const messageOf = (ports: Ports, command: PublishCommand, batch: PublishBatch): Outbound => ({
  ...outboundOf(ports, eventOf(command, batch)),
  command,
});

const eventOf = ({ intent_id, correlation_id, payload }: PublishCommand, batch: PublishBatch): EventInput => ({
  intentId: intent_id,
  eventType: payload.event_type,
  timestamp: batch.scheduledAt,
  payload,
  ...keyFieldsOf(payload, correlation_id),
  causationId: payload.causation_id,
  sourceNodeId: payload.source_node_id,
});

type Delivery = Partial<Pick<PublishFields, 'dlq_fallback'>> & Pick<PublishFields, 'event_published'>;

const DEAD_LETTERED: Delivery = { event_published: false, dlq_fallback: true };

const fieldsOf = (
  ports: Ports,
  { intent_id, payload }: PublishCommand,
  delivery: Delivery,
  eventId = eventIdOf(intent_id, payload.event_type),
): PublishFields => ({
  event_type: payload.event_type,
  topic: topicOf(ports.source.topicPrefix, payload.event_type),
  event_id: eventId,
  dlq_fallback: false,
  ...delivery,
});

/** Returns the ledger's row of an intent; none for an announcement. */
function recordOf(
  ports: Ports,
  { command, eventId }: Outbound,
  delivery: Delivery,
): Omit<LedgerRecord, 'settled_at'>[] {
  if (command === undefined) return [];
  const { intent_id, payload_hash, execution_id } = command;
  const result = { ...fieldsOf(ports, command, delivery, eventId) };
  return [{ intent_id, intent_type: definition.type, payload_hash, execution_id, result }];
}
