/**
 * This module makes random lists for properties. They have few keys, which repeat, and given ids, some twice. Some
 * intents are invalid in a known field.
 */
import fc from 'fast-check';
import type { IntentOf, IntentType } from '../../src/client/index.js';
import { persistFsmTransition, persistState, publishEvent, recoverFsmStates } from '../support/intents.js';

/**
 * The kind of a draft. An `overflow` is a valid intent whose row has no room for its sum, so that PostgreSQL refuses
 * it.
 */
type Kind = 'state' | 'transition' | 'event' | 'recover' | 'overflow';

/** Faults of an invalid intent, each with the text that names it in the rejection. */
const DAMAGE = {
  target: /^target: expected /,
  type: /^intent_type: expected one of /,
  payload: /^payload: expected /,
  nul: /^payload\.note: expected text without NUL/,
  priority: /^priority: expected /,
  id: /^intent_id: expected a UUID/,
  unsafe: /^payload\.note: expected a whole number JSON can represent/,
  notAnObject: /^intent: expected an object/,
} as const;
type Damage = keyof typeof DAMAGE;

export interface Draft {
  readonly kind: Kind;
  /** Index into the list's few keys. */
  readonly key: number;
  readonly priority: number | undefined;
  /** Index into the list's few ids; undefined for a derived id. */
  readonly id: number | undefined;
  /** A small amount, so that two drafts may be the same intent. */
  readonly amount: number;
  readonly damage: Damage | undefined;
}

const KEYS = 4;
const IDS = 6;

const optional = <T>(arbitrary: fc.Arbitrary<T>, freq: number): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });

/** @param kinds intent types to choose from. */
export const draft = (kinds: readonly Kind[]): fc.Arbitrary<Draft> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    key: fc.nat(KEYS - 1),
    priority: optional(fc.integer({ min: -2, max: 3 }), 2),
    id: fc.option(fc.nat(IDS - 1), { nil: undefined, freq: 2 }),
    amount: fc.nat(3),
    damage: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom<Damage>(...(Object.keys(DAMAGE) as Damage[])) },
    ),
  });

/** Names are the keys and ids that drafts point to by index. */
export interface Names {
  readonly keys: readonly string[];
  readonly ids: readonly string[];
  /** Key of the row that every `overflow` adds to. */
  readonly full: string;
}

/**
 * @param uuid makes the names; random, so that lists that run side by side do not meet. @param full default: one of
 * them.
 */
export const names = (uuid: () => string, full = uuid()): Names => ({
  full,
  keys: Array.from({ length: KEYS }, uuid),
  ids: Array.from({ length: IDS }, uuid),
});

/** Returns the raw intent of a draft. Two drafts that agree in kind, row and amount are the same intent. */
export function rawOf(given: Draft, { keys, ids, full }: Names): unknown {
  const intent = soundOf(given, given.kind === 'overflow' ? full : keys[given.key]!);
  const raw = {
    ...intent,
    ...(given.priority === undefined ? {} : { priority: given.priority }),
    ...(given.id === undefined ? {} : { intent_id: ids[given.id] }),
  };
  return given.damage === undefined ? raw : damaged(raw, given.damage);
}

function soundOf({ kind, amount }: Draft, key: string): IntentOf<IntentType> {
  switch (kind) {
    case 'state':
    case 'overflow':
      return persistState({
        aggregation_id: key,
        aggregated_data: { property: { total_stamps: amount, unique_workflows_count: amount + 1 } },
      });
    case 'transition':
      return persistFsmTransition({
        workflow_id: key,
        transition_count: amount + 1,
        previous_state: `S${amount}`,
        current_state: `S${amount + 1}`,
        transition_record: { trigger: 'property' },
      });
    case 'event':
      return publishEvent({ event_type: 'NODE_HEARTBEAT', aggregation_id: key, partition_key: key, amount });
    case 'recover':
      return recoverFsmStates({ recovery_id: key, since_days: amount + 1, limit: 1 });
  }
}

function damaged(raw: IntentOf<IntentType>, damage: Damage): unknown {
  switch (damage) {
    case 'target':
      return { ...raw, target: 'elsewhere' };
    case 'type':
      return { ...raw, intent_type: 'SendMail' };
    case 'payload':
      return { ...raw, payload: 7 };
    case 'nul':
      return { ...raw, payload: { ...raw.payload, note: 'a\u0000' } };
    case 'priority':
      return { ...raw, priority: 0.5 };
    case 'id':
      return { ...raw, intent_id: 'none' };
    case 'unsafe':
      return { ...raw, payload: { ...raw.payload, note: 2 ** 53 } };
    case 'notAnObject':
      return 'intent';
  }
}

const DEFAULT_PRIORITY: Record<Kind, number> = { state: 1, transition: 1, event: 0, recover: 2, overflow: 1 };

/**
 * Returns the priority that a draft runs with. A priority that cannot be read counts as absent, and so does the default
 * of an unknown type.
 */
export function priorityOf({ kind, priority, damage }: Draft): number {
  if (damage === 'notAnObject') return 0;
  if (damage === 'type') return priority ?? 0;
  return (damage === 'priority' ? undefined : priority) ?? DEFAULT_PRIORITY[kind];
}

/** Returns how validation rejects each draft, by input index; null for a valid one. */
export function refusalsOf(drafts: readonly Draft[]): (RegExp | null)[] {
  const owners = new Map<number, Draft>();
  return drafts.map((given) => {
    if (given.damage !== undefined) return DAMAGE[given.damage];
    const owner = given.id === undefined ? undefined : owners.get(given.id);
    if (owner !== undefined) {
      // Every overflow adds to the one full row, whatever its key.
      const ofOneRow = owner.key === given.key || given.kind === 'overflow';
      const same = owner.kind === given.kind && ofOneRow && owner.amount === given.amount;
      return same ? null : /^intent_id: expected an id of its own/;
    }
    if (given.id !== undefined) owners.set(given.id, given);
    return null;
  });
}
