/** This module makes slices for the tests of their plan, and reads what a plan says of them. */
import { randomUUID } from 'node:crypto';
import type { AnsweredList, SliceList } from '../../../src/domain/intake/list.js';
import { OpenSlice } from '../../../src/domain/intake/open-slice.js';
import { type Known, makeSlicePlan } from '../../../src/domain/intake/slice-plan.js';
import type { SliceInput, SlicePlan } from '../../../src/domain/intake/slice.js';
import { definitions } from '../../support/definitions.js';
import { persistState } from '../../support/intents.js';

/** Returns the list of an envelope. */
export const list = (intents: readonly unknown[], rest: Partial<SliceList> = {}): SliceList => ({
  event_id: randomUUID(),
  correlation_id: null,
  intents,
  ...rest,
});

/** The state of the stores in which no list is answered, no key is parked, and nothing is pruned. */
export const NOTHING: Known = { answered: new Map(), parked: new Map(), parkedKeys: new Set(), prunedBefore: null };

/** Returns the lists as answered ones, of which nothing is executed again unless `rest` says so. */
export const answeredAs = (lists: readonly SliceList[], rest: Partial<AnsweredList> = {}): Known['answered'] =>
  new Map(
    lists.map(({ event_id }) => [
      event_id,
      { list_hash: null, final: true, emitted_at: null, rerun_at: null, ...rest },
    ]),
  );

export const open = (lists: readonly SliceList[], rest: Partial<SliceInput> = {}): OpenSlice =>
  new OpenSlice({ lists, ...rest }, definitions);

export const planOf = (lists: readonly SliceList[], known: Partial<Known> = {}): SlicePlan =>
  makeSlicePlan(open(lists), { ...NOTHING, ...known }, definitions);

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
