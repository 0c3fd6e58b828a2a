/** This module makes slices for the tests of their plan, and reads what a plan says of them. */
import { randomUUID } from 'node:crypto';
import type { AnsweredList, SliceList } from '../../../src/domain/intake/list.js';
import { OpenSlice } from '../../../src/domain/intake/open-slice.js';
import { keysIn, type Known, makeSlicePlan, readLists } from '../../../src/domain/intake/slice-plan.js';
import type { SliceInput, SlicePlan } from '../../../src/domain/intake/slice.js';
import type { DefinitionsByType } from '../../../src/domain/intents/parse.js';
import { definitions } from '../../support/definitions.js';
import { persistState } from '../../support/intents.js';

/** Returns the list of an envelope. */
export const list = (intents: readonly unknown[], rest: Partial<SliceList> = {}): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
  ...rest,
});

/** Returns the lists as answered ones, of which nothing is executed again unless `rest` says so. */
export const answeredAs = (
  lists: readonly Pick<SliceList, 'event_id'>[],
  rest: Partial<AnsweredList> = {},
): Known['answered'] =>
  new Map(
    lists.map(({ event_id }) => [
      event_id,
      { list_hash: null, final: true, emitted_at: null, rerun_at: null, ...rest },
    ]),
  );

/** The stores know nothing of a slice, unless a test says so. */
interface Stores extends Partial<Known> {
  readonly parkedKeys?: ReadonlySet<string>;
}

export const open = (lists: readonly SliceList[], rest: Partial<SliceInput> = {}): OpenSlice =>
  new OpenSlice({ lists, ...rest }, definitions);

/** Plans a slice as the activity does, which asks the store for no key that no list has. */
export function planOpen(
  slice: OpenSlice,
  { answered = new Map(), parked = new Map(), prunedBefore = null, parkedKeys = new Set() }: Stores = {},
  by: DefinitionsByType = definitions,
): SlicePlan {
  const lists = readLists(slice, { answered, parked, prunedBefore }, by);
  return makeSlicePlan(slice, lists, new Set(keysIn(lists).filter((key) => parkedKeys.has(key))));
}

export const planOf = (lists: readonly SliceList[], stores: Stores = {}): SlicePlan => planOpen(open(lists), stores);

/** Returns the indexes of intents in the order of their tiers. The intents of a tier run side by side. */
export const tiersOf = ({ tiers }: SlicePlan): [priority: number, indexes: number[]][] =>
  tiers.map(({ priority, lanes }) => [
    priority,
    lanes.flatMap(({ chunks }) => chunks.flatMap(({ indexes }) => indexes)).sort((a, b) => a - b),
  ]);

/** Returns an intent that writes the row of a key. */
export const row = (key: string, priority?: number) =>
  persistState({ aggregation_id: key }, priority === undefined ? {} : { priority });

/** Returns the key of `row`, as the plan names it. */
export const keyOf = (key: string): string => `PersistState/${key}`;
