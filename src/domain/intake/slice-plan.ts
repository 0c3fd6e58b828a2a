/**
 * The plan of a slice has its lists' intents in common tiers, so that a slice takes as many activities as one list. The
 * key decides what is in order (ADR 0009). Intents that share a key run in the order of their lists, and those of one
 * list by priority. Others do not wait for each other.
 */
import { groupBy } from '../values/group-by.js';
import { checkLimits, LimitError, pageBytes } from '../values/limits.js';
import { HeldKeys } from './held-keys.js';
import type { OpenList, OpenSlice } from './open-slice.js';
import type { ParkedList } from './ports.js';
import type { DefinitionsByType, ParsedIntent, RejectedIntent } from '../intents/parse.js';
import { type Entry, type ListPlan, orderKeyOf, type PlannedIntent, planList, tiersOf } from '../execution/plan.js';
import { parseRequest, type Request, RequestError } from '../execution/request.js';
import type { PlannedList, SlicePlan } from './slice.js';
import { type AnsweredList, hashesOf, isRerun, type ListHashes, type SliceList, VERDICT_BYTES } from './list.js';
import { UsedIds } from './used-ids.js';

/** `Known` is what the stores know of a slice's lists before they are read. */
export interface Known {
  /** Lists that have a verdict, by event id. */
  readonly answered: ReadonlyMap<string, AnsweredList>;
  /** Parked lists, of any partition. */
  readonly parked: ListHashes;
  /** The time, ISO 8601, before which recorded rows may be gone from the ledger; null when none is gone. */
  readonly prunedBefore: string | null;
}

/** A `ReadList` is a list of the slice as it is by itself: the reason why it is not executed, or its own plan. */
type ReadList = Pick<PlannedList, 'skipped' | 'refused' | 'invalid' | 'rerun'> & { readonly own?: OwnPlan };

interface OwnPlan extends ListPlan {
  readonly options: Request['options'];
  /** The keys of the entries, each once. */
  readonly keys: readonly string[];
}

/** Reads the lists of a slice, each by itself. */
export function readLists(
  slice: OpenSlice,
  { answered, parked, prunedBefore }: Known,
  definitions: DefinitionsByType,
): readonly ReadList[] {
  const usedIds = new UsedIds(slice, hashesOf(answered), parked);
  return slice.lists.map((list) => {
    const known = answered.get(list.event_id);
    // The ledger has the effects of earlier runs for as long as it is not pruned up to the list's first emission.
    const forgotten = forgottenSince(known?.emitted_at ?? list.emitted_at, prunedBefore);
    const used = usedIds.use(list);
    const rerun = used.skipped === 'answered' && forgotten === null && isRerun(known, list);
    if (used.skipped !== undefined && !rerun) return used;
    if (forgotten !== null) return { refused: forgotten };
    try {
      const options = optionsOf(list);
      const plan = planList(list.intents, list, options, definitions);
      const own = { ...plan, options, keys: [...new Set(plan.entries.map(keyOf))] };
      return rerun ? { own, rerun } : { own };
    } catch (error) {
      if (!(error instanceof RequestError || error instanceof LimitError)) throw error;
      return { refused: error.message };
    }
  });
}

/** Returns the keys of the lists that may be executed. Whether a parked list has one of them decides about the plan. */
export const keysIn = (lists: readonly ReadList[]): string[] => [
  ...new Set(lists.flatMap(({ own }) => own?.keys ?? [])),
];

/** A `Planned` is a list with the keys that it uses; a list that is not executed uses none. */
type Planned = PlannedList & { readonly uses: readonly string[] };

/**
 * @param lists the slice's, as `readLists` returns them.
 * @param parkedKeys those of their keys that parked lists of the partition have.
 */
export function makeSlicePlan(
  slice: OpenSlice,
  lists: readonly ReadList[],
  parkedKeys: ReadonlySet<string>,
): SlicePlan {
  const heldKeys = new HeldKeys(parkedKeys);
  const waves = new Waves();
  const planned: Planned[] = [];
  const intents: PlannedIntent[] = [];
  const entries: (Entry & { readonly wave: number })[] = [];
  lists.forEach(({ own, ...reason }, number) => {
    const { event_id, correlation_id, at } = slice.list(number);
    const first = intents.length;
    const scope = { event_id, correlation_id, at, first };
    const none = { ...scope, options: NO_OPTIONS, self_announced: [], count: 0, uses: [] };
    if (own === undefined) {
      planned.push({ ...none, ...reason });
      return;
    }
    const invalid = invalidOf(own.intents);
    if (heldKeys.stops(own.keys)) {
      planned.push({ ...none, skipped: 'parked', ...invalid });
      return;
    }
    const self_announced = own.self_announced.map(({ key, index }) => ({ key, index: first + index }));
    const { options, keys: uses } = own;
    planned.push({ ...scope, options, self_announced, count: own.intents.length, uses, ...reason, ...invalid });
    intents.push(...own.intents);
    own.parsed.forEach((intent, index) => {
      slice.remember(at + index, intent, own.intents[index]?.id ?? '');
    });
    const wave = waves.waveOf(own.entries);
    entries.push(...own.entries.map((entry) => ({ ...entry, index: first + entry.index, wave })));
  });
  const paged = entries.filter(({ intent }) => intent.definition.pagedResult === true).length;
  return {
    intents,
    lists: withSharedKeys(planned),
    locks: slice.parked ? 'probe' : 'park',
    // Entries meet the waves in their order: a list is in a wave only behind a list of the wave before.
    tiers: [...groupBy(entries, ({ wave }) => wave).values()].flatMap(tiersOf),
    page_bytes: pageBytes(intents.length, paged, VERDICT_BYTES),
  };
}

function invalidOf(intents: readonly PlannedIntent[]): Pick<PlannedList, 'invalid'> {
  const [invalid] = intents.flatMap(({ rejected }, index) =>
    rejected === undefined ? [] : [`payload.intents[${index}]: ${rejected}`],
  );
  return invalid === undefined ? {} : { invalid };
}

/**
 * Returns the reason why a list is too old to be executed; null when it is not. Its intents may have had their effect,
 * and be gone from the ledger since.
 */
function forgottenSince(emittedAt: string | undefined, prunedBefore: string | null): string | null {
  if (emittedAt === undefined || prunedBefore === null) return null;
  if (Date.parse(emittedAt) >= Date.parse(prunedBefore)) return null;
  return `the list was emitted at ${emittedAt}, and the ledger is pruned up to ${prunedBefore}: nobody knows whether it was executed`;
}

/** Numbers the keys that several lists use; the others need no name in the plan. */
function withSharedKeys(lists: readonly Planned[]): PlannedList[] {
  const users = new Map<string, number>();
  for (const { uses } of lists) for (const key of uses) users.set(key, (users.get(key) ?? 0) + 1);
  const numbers = new Map<string, number>();
  for (const [key, count] of users) if (count > 1) numbers.set(key, numbers.size);
  return lists.map(({ uses, ...list }) => {
    const keys = uses.flatMap((key) => numbers.get(key) ?? []);
    return keys.length === 0 ? list : { ...list, keys };
  });
}

/** Options of lists that are not executed. Nothing reads them. */
const NO_OPTIONS: Request['options'] = { failFastPriority: 2, derivedEvents: 'none' };

/** @throws LimitError, RequestError */
export function optionsOf({ intents, options }: Pick<SliceList, 'intents' | 'options'>): Request['options'] {
  checkLimits(intents);
  return parseRequest({ intents, options }).options;
}

/** The slot of a key is the wave and the priority at which it was last used. */
interface Slot {
  readonly wave: number;
  readonly priority: number;
}

/**
 * This class finds the wave of each list; tiers run by wave, then by priority. A list is in the first wave, unless a
 * list before it uses one of its keys at a lower priority. That use is in a later tier, so the list is in the wave
 * after.
 */
class Waves {
  readonly #slots = new Map<string, Slot>();

  waveOf(entries: readonly Entry[]): number {
    let wave = 0;
    for (const entry of entries) {
      const before = this.#slots.get(keyOf(entry));
      if (before === undefined) continue;
      wave = Math.max(wave, entry.intent.priority > before.priority ? before.wave + 1 : before.wave);
    }
    for (const entry of entries) {
      const { priority } = entry.intent;
      const before = this.#slots.get(keyOf(entry));
      // The intent with the lowest priority comes last of the list's own.
      if (before === undefined || before.wave < wave || before.priority > priority) {
        this.#slots.set(keyOf(entry), { wave, priority });
      }
    }
    return wave;
  }
}

/** Returns a list of the slice as it is parked. */
export const parkedFrom = (slice: OpenSlice, list: OpenList): ParkedList => ({
  list: list.given,
  keys: keysOf(slice.intentsOf(list), list.correlation_id),
  list_hash: slice.hashOf(list),
});

/** Returns the keys of a list's intents. Lists that share a key wait for each other. */
export const keysOf = (intents: readonly (ParsedIntent | RejectedIntent)[], correlationId: string): string[] => [
  ...new Set(
    intents.flatMap((intent) => (intent.ok ? [keyOf({ intent, key: orderKeyOf(intent, correlationId) })] : [])),
  ),
];

const keyOf = ({ intent, key }: Pick<Entry, 'intent' | 'key'>): string => `${intent.definition.type}/${key}`;
