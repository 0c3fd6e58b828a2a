/**
 * The plan of a shared execution is that of a slice. Beside what the lists are by themselves, it goes by who else has a
 * list, or its request id (ADR 0038).
 */
import { conflictOf } from '../execution/request-conflict.js';
import type { OpenSlice } from '../intake/open-slice.js';
import type { DefinitionsByType } from '../intents/parse.js';
import type { Known } from '../intake/slice-plan.js';
import { makeSlicePlan, readLists } from '../intake/slice-plan.js';
import type { GivenLists } from './given-lists.js';
import type { SharedPlan, SharedPlannedList } from './shared-list.js';

/** `Owners` says who else has the lists of an execution, by request id. */
export interface Owners {
  /** Request ids that belong to another list. */
  readonly conflicts: ReadonlySet<string>;
  /** Workflow ids of executions that have the same list. */
  readonly elsewhere: ReadonlyMap<string, string>;
}

type Reason = Pick<SharedPlannedList, 'skipped' | 'refused' | 'invalid' | 'elsewhere'>;

/** @param known the verdicts of the lists. */
export function makeSharedPlan(
  open: OpenSlice,
  given: GivenLists,
  known: Pick<Known, 'answered' | 'prunedBefore'>,
  owners: Owners,
  definitions: DefinitionsByType,
): SharedPlan {
  const reasons = reasonsOf(open, given, owners);
  const lists = readLists(open, { ...known, parked: new Map() }, definitions).map(
    (list, number) => reasons[number] ?? list,
  );
  // Lists that callers start wait behind no parked list: they ask for their rows.
  const plan = makeSlicePlan(open, lists, new Set());
  return {
    ...plan,
    lists: plan.lists.map((list, number) => ({
      ...list,
      request_id: open.list(number).request_id,
      request_sha256: given.hashes[number] ?? '',
    })),
  };
}

/** Returns why lists are not executed, as far as that is no matter of their event ids. */
function reasonsOf(open: OpenSlice, { refused }: GivenLists, { conflicts, elsewhere }: Owners): (Reason | null)[] {
  const firstOf = new Map<string, string>();
  return open.lists.map(({ request_id, event_id }, number): Reason | null => {
    const reason = refused.get(number);
    if (reason !== undefined) return { refused: reason };
    const first = firstOf.get(request_id) ?? event_id;
    firstOf.set(request_id, first);
    if (first !== event_id || conflicts.has(request_id)) {
      return { skipped: 'conflicts', invalid: conflictOf(request_id) };
    }
    const workflowId = elsewhere.get(request_id);
    return workflowId === undefined ? null : { skipped: 'elsewhere', elsewhere: workflowId };
  });
}
