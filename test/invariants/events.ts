/**
 * These invariants say that every effect is announced, and that nothing is announced twice. Records are counted, not
 * collected in a set.
 */
import type { OnexEnvelopeV1 } from '../../src/domain/events/envelope.js';
import { type EventType, PUBLISHABLE_EVENT_TYPES, topicOf } from '../../src/domain/events/event-types.js';
import type { Environment } from '../support/environment.js';
import { type Execution, idOf, listsOf, repeatsOf } from './executions.js';
import type { TopicRecord } from '../support/records.js';

/** Types of events whose topics are read. */
export const EVENT_TYPES: readonly EventType[] = [...PUBLISHABLE_EVENT_TYPES, 'INTENT_EMITTED', 'INTENT_RESULT'];

/** The event that announces an effect of each type. */
export const ANNOUNCED_BY: Readonly<Record<string, string>> = {
  PersistState: 'STATE_PERSISTED',
  PersistFSMTransition: 'FSM_STATE_TRANSITIONED',
};

/** Names an event by its intent and its type, because an intent is announced once. */
export const causeOf = ({ event_type, metadata }: Pick<OnexEnvelopeV1, 'event_type' | 'metadata'>): string =>
  `${String(metadata['intent_id'])} ${event_type}`;

interface LedgerRow {
  readonly intent_id: string;
  readonly intent_type: string;
  readonly execution_id: string;
  readonly outcome: Readonly<Record<string, unknown>>;
}

/**
 * Checks by counts that no event is on its topic too often. An event is promised at least once: it may be there again
 * for each attempt that Temporal repeated in an execution that announces it. A result may be there for each time its
 * request was emitted, or was in a slice. A failure may be there for each run of a list. The check is not for files
 * that make attempts or processes fail outside of a history.
 */
export function checkOnce(
  environment: Environment,
  executions: readonly Execution[],
  records: readonly TopicRecord[],
): Promise<readonly string[]> {
  const emitted = eventsOf(environment, records, ['INTENT_EMITTED']).map(({ event_id }) => event_id);
  const carried = executions.flatMap((execution) => listsOf(execution).flatMap(({ event_id }) => event_id ?? []));
  const onTopic = countBy(emitted, (id) => id);
  const inSlices = countBy(carried, (id) => id);
  // A test may start slices itself, without any request on the topic. A list that waits is in several slices.
  const requests = new Map(
    [...onTopic.keys(), ...inSlices.keys()].map((id) => [id, Math.max(onTopic.get(id) ?? 0, inSlices.get(id) ?? 0)]),
  );
  const events = eventsOf(environment, records, [...PUBLISHABLE_EVENT_TYPES, 'INTENT_RESULT']);
  const repeats = repeatsByCause(executions);
  const started = executions.flatMap((execution) =>
    execution.type === 'ExecuteIntentsWorkflow'
      ? [execution.workflowId]
      : listsOf(execution).flatMap(({ request_id }) => request_id ?? []),
  );
  const reruns = [started, carried].map((runs) => runs.length - new Set(runs).size).reduce((one, other) => one + other);
  const allowed = new Map(
    events.map(({ event_id, event_type, causation_id, metadata }) => {
      const causes = new Set([String(metadata['intent_id']), causation_id ?? '']);
      const repeated = [...causes].reduce((sum, cause) => sum + (repeats.of.get(cause) ?? 0), repeats.ofAny);
      return [
        event_id,
        (requests.get(causation_id ?? '') ?? 1) + repeated + (event_type === 'OPERATION_FAILED' ? reruns : 0),
      ];
    }),
  );
  const told = [...countBy(events, ({ event_id }) => event_id)]
    .filter(([id, count]) => count > (allowed.get(id) ?? 1))
    .map(([id, count]) => `event ${id} is on its topic ${count} times`);
  return Promise.resolve(told);
}

/**
 * Counts the attempts that Temporal repeated, by intent or list. Attempts of executions without lists (redrives,
 * sweeps) may announce any intent.
 */
function repeatsByCause(executions: readonly Execution[]): { of: ReadonlyMap<string, number>; ofAny: number } {
  const of = new Map<string, number>();
  let ofAny = 0;
  for (const execution of executions) {
    const repeats = repeatsOf(execution);
    const lists = listsOf(execution);
    if (lists.length === 0) ofAny += repeats;
    const causes = lists.flatMap(({ event_id, intents }) => [event_id, ...[intents ?? []].flat().map(intentIdOf)]);
    for (const cause of new Set(causes)) if (cause !== undefined) of.set(cause, (of.get(cause) ?? 0) + repeats);
  }
  return { of, ofAny };
}

/** Returns the id of an intent, or undefined, because a list may hold anything that some client has sent. */
const intentIdOf = (intent: unknown): string | undefined =>
  (intent as { readonly intent_id?: string } | null | undefined)?.intent_id;

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

/**
 * Checks that every effect in the ledger has its event, on its topic or as an open dead letter. No event may announce
 * an effect that is not there.
 */
export async function checkAnnounced(
  environment: Environment,
  executions: readonly Execution[],
  records: readonly TopicRecord[],
): Promise<readonly string[]> {
  const { rows: ledger } = await environment.pool.query<LedgerRow>(
    `SELECT intent_id, intent_type, execution_id, outcome FROM executed_intents
     WHERE given_up_by IS NULL AND intent_type IN ('PersistState', 'PersistFSMTransition', 'PublishEvent')`,
  );
  const letters = await openLetters(environment);
  const events = eventsOf(environment, records, PUBLISHABLE_EVENT_TYPES);
  const ids = new Set(events.map(({ event_id }) => event_id));
  const idsByCause = new Map<string, Set<string>>();
  for (const event of events) {
    const cause = causeOf(event);
    idsByCause.set(cause, (idsByCause.get(cause) ?? new Set()).add(event.event_id));
  }
  const announced = Object.values(ANNOUNCED_BY);
  const live = new Set(ledger.map(({ intent_id }) => intent_id));
  const unfounded = events
    .filter(({ event_type, metadata }) => announced.includes(event_type) && !live.has(String(metadata['intent_id'])))
    .map((event) => `${causeOf(event)}: there is no such effect`);
  const silent = new Set(executions.filter(mayBeSilent).map(idOf));
  const missing = ledger.flatMap((row) =>
    row.intent_type === 'PublishEvent'
      ? publishedProblem(row, ids, letters)
      : announcedProblem(row, idsByCause, letters, silent.has(row.execution_id)),
  );
  return [...missing, ...unfounded];
}

export function eventsOf(
  { config }: Environment,
  records: readonly TopicRecord[],
  types: readonly EventType[],
): OnexEnvelopeV1[] {
  const topics = new Set(types.map((type) => topicOf(config.KAFKA_TOPIC_PREFIX, type)));
  return records.flatMap(({ topic, value }) => {
    if (!topics.has(topic)) return [];
    const event = jsonOf(value ?? '') as Partial<OnexEnvelopeV1> | null | undefined;
    // A record that a test publishes by hand need not be an envelope.
    return typeof event?.event_id === 'string' && typeof event.metadata === 'object' ? [event as OnexEnvelopeV1] : [];
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the events whose delivery is still owed: their event ids, and their causes as `causeOf` names them. */
async function openLetters({ pool }: Environment): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT unnest(ARRAY[event_id::text, intent_id::text || ' ' || coalesce(headers ->> 'event_type', '')]) AS name
     FROM dead_letters WHERE redriven_at IS NULL`,
  );
  return new Set(rows.map(({ name }) => name));
}

function publishedProblem(
  { intent_id, outcome }: LedgerRow,
  published: ReadonlySet<string>,
  letters: ReadonlySet<string>,
): string[] {
  const event = String(outcome['event_id']);
  if (published.has(event) !== letters.has(event)) return [];
  const where = letters.has(event)
    ? 'on its topic and an open dead letter too'
    : 'neither on its topic nor a dead letter';
  return [`event ${event} of ${intent_id} is ${where}`];
}

function announcedProblem(
  { intent_id, intent_type, outcome }: LedgerRow,
  idsByCause: ReadonlyMap<string, ReadonlySet<string>>,
  letters: ReadonlySet<string>,
  maySilent: boolean,
): string[] {
  const cause = `${intent_id} ${ANNOUNCED_BY[intent_type] ?? ''}`;
  const ids = idsByCause.get(cause)?.size ?? 0;
  if (ids > 1) return [`${cause}: announced under ${ids} event ids`];
  if (ids === 1 || letters.has(cause) || maySilent || outcome['duplicate'] === true) return [];
  return [`${cause}: the effect is not announced`];
}

/**
 * Returns whether effects of an execution may lack an announcement. Its lists want no announcements, or publish some of
 * them themselves. An execution that ended by force may lack a sweep.
 */
function mayBeSilent(execution: Execution): boolean {
  if (!['COMPLETED', 'FAILED', 'CANCELLED', 'CONTINUED_AS_NEW'].includes(execution.status)) return true;
  return listsOf(execution).some(
    // A list may be anything that some client has sent.
    (list) => list.options?.derivedEvents === 'none' || [list.intents ?? []].flat().some(publishesAnnouncement),
  );
}

const publishesAnnouncement = (intent: unknown): boolean => {
  const { payload } = (intent ?? {}) as { readonly payload?: { readonly event_type?: unknown } | null };
  return Object.values(ANNOUNCED_BY).includes(String(payload?.event_type));
};
