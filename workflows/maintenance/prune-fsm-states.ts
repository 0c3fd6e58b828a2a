/**
 * `PruneFsmStatesWorkflow` deletes transitions and ended workflows that are older than their retention, page by page.
 */
import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { PruneRequest } from '../../src/domain/ledger/retention.js';
import type { FsmPruneActivity, FsmPruneReport } from '../../src/domain/recovery/retention.js';
import { eachPage } from '../page-loop.js';
import { storeActivity } from '../policies.js';
import { soFar } from './positions.js';

const { pruneFsmStates } = proxyActivities<{ pruneFsmStates: FsmPruneActivity }>(storeActivity);

const NOTHING: FsmPruneReport = { states_deleted: 0, transitions_deleted: 0, pruned_before: null };

/**
 * @param request the rows to delete; any client may start this, also with null.
 * @param position the report of the earlier runs of the same prune.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function PruneFsmStatesWorkflow(
  request: Partial<PruneRequest> | null = {},
  position: unknown = NOTHING,
): Promise<FsmPruneReport> {
  const { before = null, after = null } = request ?? {};
  let report = soFar(NOTHING, position);
  await eachPage<PruneRequest>(
    { before, after },
    async (at) => {
      const { states_deleted, transitions_deleted, pruned_before, next } = await pruneFsmStates(at);
      report = {
        states_deleted: report.states_deleted + states_deleted,
        transitions_deleted: report.transitions_deleted + transitions_deleted,
        pruned_before,
      };
      setCurrentDetails(
        pruned_before === null
          ? 'transitions and states are kept for ever'
          : `${report.states_deleted} ended workflows deleted, ${report.transitions_deleted} transitions: ` +
              `all from before ${pruned_before}`,
      );
      return next === null ? null : { before: pruned_before, after: next };
    },
    (at) => continueAsNew<typeof PruneFsmStatesWorkflow>(at, report),
  );
  return report;
}
