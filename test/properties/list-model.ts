/** This model says what a list of drafts must leave. It follows the plan of the list by hand, each id once. */
import { groupBy } from '../../src/domain/values/group-by.js';
import type { IntentStatus, Outcome } from '../../src/domain/intents/result.js';
import { type Draft, type Names, priorityOf, refusalsOf } from './draft-lists.js';

const FAIL_FAST_PRIORITY = 2;
const SKIPPED = /^skipped: an intent of priority 2 or higher failed$/;
const NO_ROOM = /bigint out of range/;

export interface Expectation {
  readonly outcome: Outcome;
  /** The status and error of each intent, by input index. */
  readonly ends: readonly { readonly status: IntentStatus; readonly error: RegExp | null }[];
  /** Totals by bridge_id: items, workflows. */
  readonly totals: ReadonlyMap<string, readonly [items: number, workflows: number]>;
  /** Distinct transitions by workflow, by their count. */
  readonly transitions: ReadonlyMap<string, ReadonlySet<number>>;
  /** Intents that had their effect. */
  readonly ledger: ReadonlySet<string>;
  /** Events on the topics, each as `intent_id event_type`. */
  readonly events: ReadonlySet<string>;
}

/** @param idOf the intent's id, by input index. */
export function modelOf(
  drafts: readonly Draft[],
  { keys }: Names,
  idOf: (index: number) => string | undefined,
): Expectation {
  const { errors, ran, stopped } = follow(drafts);
  const totals = new Map<string, [number, number]>();
  const transitions = new Map<string, Set<number>>();
  const ledger = new Set<string>();
  const events = new Set<string>();
  errors.forEach((error, index) => {
    if (error !== null && error !== SKIPPED) events.add(`${idOf(index)} OPERATION_FAILED`);
  });
  for (const index of ran) {
    const { kind, amount, key } = drafts[index]!;
    const [id, name] = [idOf(index) ?? '', keys[key]!];
    if (ledger.has(id)) continue;
    ledger.add(id);
    if (kind === 'event') events.add(`${id} NODE_HEARTBEAT`);
    if (kind === 'state') {
      const [items, workflows] = totals.get(name) ?? [0, 0];
      totals.set(name, [items + amount, workflows + amount + 1]);
      events.add(`${id} STATE_PERSISTED`);
    }
    if (kind === 'transition') {
      const counts = transitions.get(name) ?? new Set<number>();
      // The same transition under another id has no row, and is not announced.
      if (!counts.has(amount + 1)) events.add(`${id} FSM_STATE_TRANSITIONED`);
      transitions.set(name, counts.add(amount + 1));
    }
  }
  const ends = errors.map((error) => {
    if (error === null) return { status: 'succeeded' as const, error };
    return { status: error === SKIPPED ? ('skipped' as const) : ('failed' as const), error };
  });
  const allWell = errors.every((error) => error === null);
  return { outcome: stopped ? 'failed' : allWell ? 'completed' : 'partial', ends, totals, transitions, ledger, events };
}

/**
 * Follows the drafts tier by tier.
 * @returns the error of each draft, the indexes of the drafts that have their effect, in order, and whether a failure
 * stopped the list.
 */
function follow(drafts: readonly Draft[]) {
  const errors = refusalsOf(drafts);
  const valid = [...drafts.keys()].filter((index) => errors[index] === null);
  const tiers = groupBy(valid, (index) => priorityOf(drafts[index]!));
  let stopped = drafts.some((given, index) => errors[index] !== null && priorityOf(given) >= FAIL_FAST_PRIORITY);
  const ran: number[] = [];
  for (const [priority, indexes] of [...tiers].sort(([one], [other]) => other - one)) {
    if (stopped) {
      for (const index of indexes) errors[index] = SKIPPED;
      continue;
    }
    for (const index of indexes) {
      if (hasNoRoom(drafts[index]!)) errors[index] = NO_ROOM;
      else ran.push(index);
    }
    if (priority >= FAIL_FAST_PRIORITY) stopped = indexes.some((index) => hasNoRoom(drafts[index]!));
  }
  return { errors, ran, stopped };
}

const hasNoRoom = ({ kind }: Draft): boolean => kind === 'overflow';
