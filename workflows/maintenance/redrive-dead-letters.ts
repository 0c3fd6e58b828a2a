/** `RedriveDeadLettersWorkflow` sends dead letters again, in order, page by page. */
import { continueAsNew, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { RedriveActivity, RedriveReport, RedriveRequest } from '../../src/domain/dead-letters/redrive.js';
import { quoted } from '../execution/details.js';
import { eachPage } from '../page-loop.js';
import { twoStoresActivity } from '../policies.js';
import { type Position, soFar } from './positions.js';

/**
 * The most letters of a page. With the average envelope of 1 KB they take one produce request of 100 KB, and a
 * transaction of some 50 ms.
 */
const PAGE = 100;

const { redriveDeadLetters } = proxyActivities<{ redriveDeadLetters: RedriveActivity }>(twoStoresActivity);

const START: Position<number, RedriveReport> = {
  after: 0,
  so_far: { redriven: 0, failed: 0, behind: 0, stopped: null },
};

/**
 * @param request the dead letters to send; `{}` takes all that are open.
 * @param position the state of an earlier run of the same redrive; any client may give anything.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function RedriveDeadLettersWorkflow(
  request: RedriveRequest = {},
  position: Partial<typeof START> | null = START,
): Promise<RedriveReport> {
  let report = soFar(START.so_far, position?.so_far);
  await eachPage(
    position?.after ?? START.after,
    async (after) => {
      const page = await redriveDeadLetters({ ...request, after, limit: PAGE });
      report = {
        redriven: report.redriven + page.redriven,
        failed: report.failed + page.failed,
        behind: report.behind + page.behind,
        stopped: page.stopped,
      };
      setCurrentDetails(
        `${report.redriven} redriven, ${report.failed} refused again, ${report.behind} behind an open letter` +
          (report.stopped === null ? '' : `; stopped: ${quoted(report.stopped)}`),
      );
      return page.next;
    },
    (after) => continueAsNew<typeof RedriveDeadLettersWorkflow>(request, { after, so_far: report }),
  );
  return report;
}
