/** `RedriveDeadLettersWorkflow`: sends dead letters again, in order, page by page. */
import { continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { RedriveActivity, RedriveReport, RedriveRequest } from '../../src/domain/dead-letters/redrive.js';
import { storeActivity } from '../policies.js';
import { soFar } from './positions.js';

/** Letters of a page: with the average envelope of 1 KB one produce request of 100 KB, and a transaction of some 50 ms. */
const PAGE = 100;

const { redriveDeadLetters } = proxyActivities<{ redriveDeadLetters: RedriveActivity }>(storeActivity);

interface Position {
  readonly after: number;
  readonly so_far: RedriveReport;
}

const START: Position = { after: 0, so_far: { redriven: 0, failed: 0, behind: 0, stopped: null } };

/**
 * @param request which letters; `{}` takes all that are open.
 * @param position where an earlier run of the same redrive has come to; any client may give anything.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function RedriveDeadLettersWorkflow(
  request: RedriveRequest = {},
  position: Partial<Position> | null = START,
): Promise<RedriveReport> {
  let { after } = { ...START, ...position };
  let report = soFar(START.so_far, position?.so_far);
  for (;;) {
    const page = await redriveDeadLetters({ ...request, after, limit: PAGE });
    report = {
      redriven: report.redriven + page.redriven,
      failed: report.failed + page.failed,
      behind: report.behind + page.behind,
      stopped: page.stopped,
    };
    setCurrentDetails(
      `${report.redriven} redriven, ${report.failed} refused again, ${report.behind} behind an open letter` +
        (report.stopped === null ? '' : `; stopped: ${report.stopped}`),
    );
    if (page.next === null) return report;
    after = page.next;
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof RedriveDeadLettersWorkflow>(request, { after, so_far: report });
    }
  }
}
