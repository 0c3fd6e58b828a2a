/**
 * `SweepExecutionsWorkflow` announces the effects of executions that ended before they could. Such an execution was
 * terminated, timed out, reset, or closed while no broker and no database was there.
 */
import { continueAsNew, isCancellation, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import { ANNOUNCEMENTS_PER_BATCH, ANNOUNCER } from '../../src/domain/execution/batch.js';
import type { Execution } from '../../src/domain/sweep/port.js';
import type {
  SweepActivities,
  SweepReport,
  SweepRequest,
  SweptMark,
  Unannounced,
} from '../../src/domain/sweep/sweep.js';
import { SWEEP_GRACE_MS } from '../../src/domain/time-outs.js';
import { quoted } from '../execution/details.js';
import { eachPage } from '../page-loop.js';
import { runBatch, storeActivity } from '../policies.js';
import { type Position, soFar } from './positions.js';

/**
 * The most executions of a page: with the ids of Temporal and ours they take 20 KB. Every ten of them are marked by one
 * call.
 */
const PAGE = 100;

/**
 * Executions of a page that are swept side by side; the group commits, also the publisher's, put their work together.
 */
const AT_ONCE = 10;

/**
 * Seconds that an execution has to be closed before it is swept. An attempt that Temporal has given up on may still
 * write for its start-to-close; the rest is for the clocks, and for visibility, which lags.
 */
const GRACE_SECONDS = SWEEP_GRACE_MS / 1_000;

const { findEndedExecutions, findUnannounced, copyUnanswered, markSwept } =
  proxyActivities<SweepActivities>(storeActivity);

const START: Position<string | null, SweepReport> = {
  after: null,
  so_far: { swept: 0, announced: 0, copied: 0, unreadable: 0, left: 0 },
};

/**
 * @param request the grace; any client may start this, also with null.
 * @param position the state of an earlier run of the same sweep; any client may give anything.
 * @throws ApplicationFailure `InvalidInput` naming the field.
 */
export async function SweepExecutionsWorkflow(
  request: SweepRequest | null = {},
  position: Partial<typeof START> | null = START,
): Promise<SweepReport> {
  const grace_seconds = request?.grace_seconds ?? GRACE_SECONDS;
  let report = soFar(START.so_far, position?.so_far);
  await eachPage<string | null>(
    position?.after ?? START.after,
    async (after) => {
      const page = await findEndedExecutions({ grace_seconds, after, limit: PAGE });
      for (let start = 0; start < page.executions.length; start += AT_ONCE) {
        const swept = await Promise.all(page.executions.slice(start, start + AT_ONCE).map(sweep));
        // Events are published before the marks: a crash in between publishes them again, under the same event ids.
        const marks = swept.flatMap(({ mark }) => (mark === null ? [] : [mark]));
        if (marks.length > 0) await markSwept(marks);
        report = sum(report, swept);
        setCurrentDetails(
          `${report.swept} executions swept, ${report.announced} events announced, ${report.copied} envelopes copied, ` +
            `${report.unreadable} unreadable, ${report.left} left for the next sweep`,
        );
      }
      return page.next;
    },
    (after) => continueAsNew<typeof SweepExecutionsWorkflow>({ grace_seconds }, { after, so_far: report }),
  );
  return report;
}

interface Swept {
  /** The mark of the execution; null when it is left for the next sweep. */
  readonly mark: SweptMark | null;
  readonly announced: number;
  readonly copied: number;
}

async function sweep(execution: Execution): Promise<Swept> {
  let announced = 0;
  let copied = 0;
  try {
    let from: number | null = 0;
    while (from !== null) {
      const part: Unannounced = await findUnannounced({ execution, from, limit: ANNOUNCEMENTS_PER_BATCH });
      if ('reason' in part) return { mark: { execution, reason: part.reason }, announced, copied };
      const { announce, correlation_id, page_bytes } = part;
      if (announce.length > 0) {
        const summary = `announce ${announce.length} of ${quoted(execution.workflow_id)}`;
        await runBatch('publish', ANNOUNCER, summary, { correlation_id, page_bytes, items: [], announce });
        announced += announce.length;
      }
      from = part.next;
      if (from === null && part.slice === true) copied = await copyUnanswered({ execution });
    }
    return { mark: { execution, reason: null }, announced, copied };
  } catch (error) {
    if (isCancellation(error)) throw error;
    // An execution that cannot be swept now must not keep the others waiting.
    log.warn('an execution is left for the next sweep', { workflow_id: execution.workflow_id, error });
    return { mark: null, announced, copied };
  }
}

const sum = (before: SweepReport, swept: readonly Swept[]): SweepReport => ({
  swept: before.swept + swept.filter(({ mark }) => mark?.reason === null).length,
  announced: before.announced + swept.reduce((total, { announced }) => total + announced, 0),
  copied: before.copied + swept.reduce((total, { copied }) => total + copied, 0),
  unreadable: before.unreadable + swept.filter(({ mark }) => typeof mark?.reason === 'string').length,
  left: before.left + swept.filter(({ mark }) => mark === null).length,
});
