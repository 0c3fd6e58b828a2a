/** This is the local activity that plans the lists of a shared execution. */
import { activityInfo, type Info, log } from '@temporalio/activity';
import { SLICE_LEVELS } from '../../src/domain/intake/slice.js';
import type { DefinitionsByType } from '../../src/domain/intents/parse.js';
import type { OpenSlice } from '../../src/domain/intake/open-slice.js';
import { type GivenLists, readGivenLists } from '../../src/domain/sharing/given-lists.js';
import { ownersOf } from '../../src/domain/sharing/owners.js';
import type { PlanListsActivity, SharedStart } from '../../src/domain/sharing/shared-list.js';
import { makeSharedPlan, type Owners } from '../../src/domain/sharing/shared-plan.js';
import { serializable } from '../../src/domain/values/serializable.js';
import type { Instruments } from '../execution/batch-activity.js';
import { countRejected, refusing, workflowIdOf } from '../execution/plan-intents.js';
import type { Slices } from '../intake/slices.js';
import type { Ports } from '../ports.js';

export const planLists =
  (ports: Ports, definitions: DefinitionsByType, instruments: Instruments, slices: Slices): PlanListsActivity =>
  async (input, start) => {
    const info = activityInfo();
    const began = start ?? {
      slice: info.workflowExecution?.runId ?? '',
      started_at: new Date().toISOString(),
      fresh: false,
    };
    const workflow_id = await refusing(() => workflowIdOf(info));
    const given = await refusing(() =>
      readGivenLists(serializable(input, SLICE_LEVELS), { workflow_id, started_at: began.started_at }),
    );
    const open = slices.put(began.slice, given.slice);
    const [answered, prunedBefore, owners] = began.fresh
      ? ([new Map(), null, NOBODY] as const)
      : await Promise.all([
          ports.verdicts.answered(open.lists.map(({ event_id }) => event_id)),
          ports.retention.prunedBefore(),
          findOwners(ports, open, given, { workflow_id, started_at: began.started_at }, info),
        ]);
    const plan = makeSharedPlan(open, given, { answered, prunedBefore }, owners, definitions);
    countRejected(plan.intents, definitions, instruments);
    return plan;
  };

const NOBODY: Owners = { conflicts: new Set(), elsewhere: new Map() };

/** Finds out who else has the lists. Where Temporal cannot be asked, the ledger alone keeps effects from doubling. */
async function findOwners(
  { startedLists, verdicts }: Ports,
  open: OpenSlice,
  { hashes, refused }: GivenLists,
  self: Pick<SharedStart, 'started_at'> & { readonly workflow_id: string },
  info: Info,
): Promise<Owners> {
  const lists = open.lists.filter((_, number) => !refused.has(number));
  const asked = open.lists.flatMap(({ request_id }, number) =>
    refused.has(number) ? [] : [{ request_id, request_sha256: hashes[number] ?? '' }],
  );
  if (asked.length === 0) return NOBODY;
  const [started, conflicting] = await Promise.all([
    startedLists.find(asked.map(({ request_id }) => request_id)).catch((error: unknown) => {
      log.warn('Temporal does not say who else has these lists', {
        error,
        workflow_id: info.workflowExecution?.workflowId,
      });
      return [];
    }),
    verdicts.conflicting(lists.map((list) => ({ request_id: list.request_id, list_hash: open.hashOf(list) }))),
  ]);
  const owners = ownersOf(asked, started, self);
  return { ...owners, conflicts: new Set([...owners.conflicts, ...conflicting]) };
}
