/**
 * The plan of a list (ADR 0001) has tiers by priority, in each tier lanes, and in each lane chunks. It is made once, in
 * a local activity. It is plain data that the workflow follows without knowing an intent type. So a changed schema,
 * limit or definition cannot break the replay of a running execution.
 */
import { createHash } from 'node:crypto';
import { ERROR_CODES } from '../failures/store.js';
import type { AnyIntentDefinition, RetryPolicyName } from '../intents/definition.js';
import { cut } from '../values/cut.js';
import { derivedIntentId } from '../values/ids.js';
import { groupBy } from '../values/group-by.js';
import { checkLimits, DEFAULT_LIMITS, pageBytes } from '../values/limits.js';
import { type DefinitionsByType, parseIntent, type ParsedIntent, type RejectedIntent } from '../intents/parse.js';
import { type Request, RequestError, type RequestOptions } from './request.js';

/** A planned intent is one intent of the list, at its input index. */
export interface PlannedIntent {
  readonly id: string;
  readonly type: string;
  readonly priority: number;
  /** The reason why the intent will not be executed; absent for a valid intent. */
  readonly rejected?: string;
}

export interface PlannedChunk {
  /** Input indexes, in input order. */
  readonly indexes: readonly number[];
  /** The text beside the activity in the Web UI: `PersistState x 12, 3 namespaces`. */
  readonly summary: string;
}

/** A planned lane is a sequence of chunks that run one after the other. Lanes of a tier run side by side. */
export interface PlannedLane {
  readonly activity: string;
  readonly policy: RetryPolicyName;
  readonly errorCode: string;
  /**
   * Whether `settleIntents` resolves intents that were given up. It is absent for types without a ledger row, and in
   * older plans, whose histories have no such activity.
   */
  readonly settles?: true;
  readonly chunks: readonly PlannedChunk[];
}

export interface PlannedTier {
  readonly priority: number;
  readonly lanes: readonly PlannedLane[];
}

export interface Plan {
  readonly request_id: string;
  readonly correlation_id: string;
  readonly options: RequestOptions;
  readonly intents: readonly PlannedIntent[];
  /**
   * Tiers, highest priority first. The array is empty when an invalid intent at or over the fail-fast priority stops
   * the list.
   */
  readonly tiers: readonly PlannedTier[];
  /** Distinct intent types, sorted. */
  readonly types: readonly string[];
  /** Bytes of JSON a result of any size may take (`pagedResult`). */
  readonly page_bytes: number;
  /**
   * Derived events that the list publishes itself: their `announcementKey`, and the index of the intent that publishes
   * them.
   */
  readonly self_announced: readonly { readonly key: string; readonly index: number }[];
}

/** The most lanes of a type that does not fit one activity. More would only compete for the same store. */
const MAX_LANES = 4;

/** An entry is a valid intent at its index. */
export interface Entry {
  readonly index: number;
  readonly intent: ParsedIntent;
  /** The order key. */
  readonly key: string;
}

/** A `ListPlan` is the part of a plan that is the list's own, whatever the list is executed with. */
export interface ListPlan extends Pick<Plan, 'intents' | 'self_announced'> {
  /** Intents to execute; the array is empty when an invalid intent stops the list. */
  readonly entries: readonly Entry[];
  /** All intents, in the list's order. */
  readonly parsed: readonly (ParsedIntent | RejectedIntent)[];
}

/**
 * @param fallbackId request id of a list that names none: the workflow id.
 * @throws RequestError when the list as a whole is over a limit.
 */
export function makePlan(request: Request, fallbackId: string, definitions: DefinitionsByType): Plan {
  try {
    checkLimits(request.intents);
  } catch (error) {
    throw new RequestError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const requestId = request.request_id ?? fallbackId;
  const scope = { request_id: requestId, correlation_id: request.correlation_id ?? requestId };
  const { options } = request;
  const { intents, entries, self_announced } = planList(request.intents, scope, options, definitions);
  return {
    ...scope,
    options,
    intents,
    tiers: tiersOf(entries),
    // Only our types go by name: a search attribute holds 2 KB, and what a caller wrote instead may be anything.
    types: [...new Set(intents.map(({ type }) => (definitions.has(type) ? type : 'unknown')))].sort(),
    page_bytes: pageBytes(
      intents.length,
      entries.filter(({ intent }) => intent.definition.pagedResult === true).length,
    ),
    self_announced,
  };
}

/**
 * @param scope the ids of the list: the request id is the scope of derived ids.
 * @throws RequestError when the list has too many priorities, or too many results of any size.
 */
export function planList(
  raw: readonly unknown[],
  scope: Pick<Plan, 'request_id' | 'correlation_id'>,
  options: RequestOptions,
  definitions: DefinitionsByType,
): ListPlan {
  const parsed = rejectReusedIds(raw.map((intent) => parseIntent(intent, definitions)));
  const entries = parsed.flatMap((intent, index) => {
    if (!intent.ok) return [];
    return [{ index, intent, key: orderKeyOf(intent, scope.correlation_id) }];
  });
  const stopped = parsed.some((intent) => !intent.ok && intent.priority >= options.failFastPriority);
  if (!stopped) checkEntries(entries);
  return {
    intents: parsed.map((intent, index) => ({
      id: intentIdOf(intent, scope.request_id, index),
      type: intent.ok ? intent.definition.type : intent.intentType,
      priority: intent.priority,
      ...(intent.ok ? {} : { rejected: intent.error }),
    })),
    entries: stopped ? [] : entries,
    parsed,
    self_announced: entries.flatMap(({ intent, index }) => {
      const key = intent.definition.announcedBy?.(intent.payload) ?? null;
      return key === null ? [] : [{ key, index }];
    }),
  };
}

/** Returns the order key of an intent among the intents of its type. @param correlationId is the list's. */
export const orderKeyOf = ({ definition, payload }: ParsedIntent, correlationId: string): string =>
  definition.orderKey(payload, correlationId);

/** Returns the id of an intent: its own, or one derived from its list's scope, its index there and its payload hash. */
export const intentIdOf = (intent: ParsedIntent | RejectedIntent, scope: string, index: number): string =>
  intent.intentId ?? derivedIntentId(scope, index, intent.hash);

function checkEntries(entries: readonly Entry[]): void {
  const pages = entries.filter(({ intent }) => intent.definition.pagedResult === true).length;
  if (pages > DEFAULT_LIMITS.pages) {
    throw new RequestError(
      `intents: the list has ${pages} intents that read pages, the limit is ${DEFAULT_LIMITS.pages}; split it into several lists`,
    );
  }
  const { size } = new Set(entries.map(({ intent }) => intent.priority));
  if (size > DEFAULT_LIMITS.priorities) {
    throw new RequestError(
      `intents: the list has ${size} distinct priorities, the limit is ${DEFAULT_LIMITS.priorities}`,
    );
  }
}

/** Rejects the later of two different intents of one list that have the same id. */
function rejectReusedIds(parsed: readonly (ParsedIntent | RejectedIntent)[]): (ParsedIntent | RejectedIntent)[] {
  const owners = new Map<string, { index: number; hash: string }>();
  return parsed.map((intent, index) => {
    if (intent.intentId === null || !intent.ok) return intent;
    const owner = owners.get(intent.intentId);
    if (owner === undefined) {
      owners.set(intent.intentId, { index, hash: intent.hash });
      return intent;
    }
    if (owner.hash === intent.hash) return intent;
    const error =
      `intent_id: expected an id of its own, got string ${intent.intentId}, which intents[${owner.index}] has with ` +
      `another payload (sha256 ${owner.hash.slice(0, 12)} there, ${intent.hash.slice(0, 12)} here)`;
    const { definition, priority, intentId, hash } = intent;
    return { ok: false, error, intentType: definition.type, priority, intentId, hash };
  });
}

/** Returns the tiers of intents, highest priority first. */
export function tiersOf(entries: readonly Entry[]): PlannedTier[] {
  return [...groupBy(entries, ({ intent }) => intent.priority)]
    .sort(([a], [b]) => b - a)
    .map(([priority, members]) => ({
      priority,
      lanes: [...groupBy(members, ({ intent }) => intent.definition)].flatMap(([definition, ofType]) =>
        lanesOf(definition, ofType),
      ),
    }));
}

/** Returns the lanes of the intents of one type in a tier. */
export function lanesOf(definition: AnyIntentDefinition, entries: readonly Entry[]): PlannedLane[] {
  const { limits } = definition;
  const bytes = entries.reduce((sum, { intent }) => sum + intent.bytes, 0);
  const needed = Math.max(Math.ceil(entries.length / limits.count), Math.ceil(bytes / limits.bytes));
  const lanes = Math.min(MAX_LANES, needed);
  const grouped = lanes === 1 ? [entries] : groupBy(entries, ({ key }) => laneOf(key, lanes)).values();
  return [...grouped].map((members) => ({
    activity: definition.activity,
    policy: definition.retryPolicy,
    errorCode: ERROR_CODES[definition.store],
    ...(definition.ledger === undefined ? {} : { settles: true }),
    chunks: [...cut(members, sizeOf, limits)].map((chunk) => ({
      indexes: chunk.map(({ index }) => index),
      summary: summaryOf(definition, chunk),
    })),
  }));
}

const laneOf = (key: string, lanes: number): number => createHash('sha1').update(key).digest().readUInt32BE(0) % lanes;

const sizeOf = ({ intent: { bytes } }: Entry) => ({ count: 1, bytes });

function summaryOf(definition: AnyIntentDefinition, chunk: readonly Entry[]): string {
  const detail = definition.describe(chunk.map(({ intent }) => intent.payload));
  return `${definition.type} x ${chunk.length}${detail === '' ? '' : `, ${detail}`}`;
}
