/** `RecoverFsmStatesWorkflow` gives the reducers their FSM states back, by way of Kafka (ADR 0008). */
import {
  continueAsNew,
  defineQuery,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  addCounts,
  type RecoveryActivities,
  type RecoveryReport,
  type RecoveryRequest,
} from '../../src/domain/recovery/recovery.js';
import { quoted } from '../execution/details.js';
import { eachPage } from '../page-loop.js';
import { storeActivity, twoStoresActivity } from '../policies.js';
import { soFar } from './positions.js';

const { emitFsmStates } = proxyActivities<Pick<RecoveryActivities, 'emitFsmStates'>>(twoStoresActivity);
const { emitRecoverySummary } = proxyActivities<Pick<RecoveryActivities, 'emitRecoverySummary'>>(storeActivity);

interface Position {
  readonly cursor: string;
  readonly so_far: RecoveryReport;
}

/** The query `recovery` says what has been emitted so far; it is answered at any time. */
const recoveryQuery = defineQuery<RecoveryReport>('recovery');

/**
 * @param request the states to recover; `{}` takes all but those that ended more than 7 days ago.
 * @param position the cursor and the report of an earlier run of the same recovery; any client may give anything.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function RecoverFsmStatesWorkflow(
  request: RecoveryRequest = {},
  position?: Position,
): Promise<RecoveryReport> {
  // The `?.` is needed, because any client may start this, also with null.
  const recovery_id = (request as RecoveryRequest | null)?.recovery_id ?? workflowInfo().firstExecutionRunId;
  const given = position as Partial<Position> | null | undefined;
  let report: RecoveryReport = {
    ...soFar({ recovery_id, emitted: 0, failed: 0, by_state: {}, pages: 0 }, given?.so_far),
    ...(typeof given?.so_far?.warning === 'string' ? { warning: given.so_far.warning } : {}),
  };
  setHandler(recoveryQuery, () => report);
  const act = async (cursor: string | null): Promise<string | null> => {
    const page = await emitFsmStates({ ...request, recovery_id, cursor });
    const warning = page.warning ?? report.warning;
    report = {
      recovery_id,
      emitted: report.emitted + page.emitted,
      failed: report.failed + page.failed,
      by_state: addCounts(report.by_state, Object.entries(page.by_state)),
      pages: report.pages + 1,
      ...(warning === undefined ? {} : { warning }),
    };
    setCurrentDetails(detailsOf(report));
    return page.next_cursor;
  };
  await eachPage(given?.cursor ?? null, act, (cursor) =>
    continueAsNew<typeof RecoverFsmStatesWorkflow>(request, { cursor, so_far: report }),
  );
  await emitRecoverySummary(report);
  return report;
}

/** Returns the details that the Web UI shows. */
function detailsOf({ emitted, failed, pages, by_state }: RecoveryReport): string {
  const counts = Object.entries(by_state).sort(([, a], [, b]) => b - a);
  return [
    `**${emitted} states** emitted in ${pages} ${pages === 1 ? 'page' : 'pages'}` +
      (failed > 0 ? `, ${failed} could not be read or sent` : ''),
    '',
    '| State | Workflows |',
    '| --- | ---: |',
    ...counts.map(([state, count]) => `| ${quoted(state)} | ${count} |`),
  ].join('\n');
}
