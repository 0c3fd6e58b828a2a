/** `PruneLedgerWorkflow` deletes the rows that are older than the ledger's retention, page by page. */
import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { PruneActivity, PruneReport, PruneRequest } from '../../src/domain/ledger/retention.js';
import { eachPage } from '../page-loop.js';
import { storeActivity } from '../policies.js';
import { soFar } from './positions.js';

const { pruneLedger } = proxyActivities<{ pruneLedger: PruneActivity }>(storeActivity);

const NOTHING: PruneReport = {
  deleted: 0,
  letters_deleted: 0,
  marks_deleted: 0,
  verdicts_deleted: 0,
  pruned_before: null,
};

/**
 * @param request the rows to delete; any client may start this, also with null.
 * @param position the report of the earlier runs of the same prune.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function PruneLedgerWorkflow(
  request: Partial<PruneRequest> | null = {},
  position: unknown = NOTHING,
): Promise<PruneReport> {
  const { before = null, after = null } = request ?? {};
  let report = soFar(NOTHING, position);
  await eachPage<PruneRequest>(
    { before, after },
    async (at) => {
      const page = await pruneLedger(at);
      report = {
        deleted: report.deleted + page.deleted,
        letters_deleted: report.letters_deleted + page.letters_deleted,
        marks_deleted: report.marks_deleted + page.marks_deleted,
        verdicts_deleted: report.verdicts_deleted + page.verdicts_deleted,
        pruned_before: page.pruned_before,
      };
      setCurrentDetails(
        page.pruned_before === null
          ? 'the ledger is kept for ever'
          : `${report.deleted} ledger rows deleted, ${report.letters_deleted} redriven dead letters, ` +
              `${report.marks_deleted} marks of swept executions, ${report.verdicts_deleted} verdicts: all from before ${page.pruned_before}`,
      );
      return page.next === null ? null : { before: page.pruned_before, after: page.next };
    },
    (at) => continueAsNew<typeof PruneLedgerWorkflow>(at, report),
  );
  return report;
}
