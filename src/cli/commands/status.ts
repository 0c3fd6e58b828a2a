import { Command } from 'commander';
import { completeReport } from '../../client/complete-report.js';
import { createLedger } from '../../postgres/ledger/ledger.js';
import { describedOrNull, lookForWorker } from '../../temporal/inspect.js';
import { isPolled, noWorkerPolls } from '../../temporal/polls.js';
import { withPool } from '../database.js';
import { type Connected, withTemporal } from '../connect.js';
import { type Context, contextOf } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { printReport, styledStatus } from '../views/report.js';
import { executionUrl } from '../views/web-ui.js';

/** Milliseconds that a worker has to answer a query. */
const QUERY_MS = 5_000;

export const statusCommand = (): Command =>
  new Command('status')
    .description('show one execution: its progress, or its report')
    .argument('<id>', 'request id, which is the workflow id')
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      process.exitCode = await withTemporal(context.config, (connected) => status(context, connected, id));
    });

async function status({ out }: Context, connected: Connected, id: string): Promise<number> {
  const { client, temporal, endpoints } = connected;
  const described = await describedOrNull(temporal, id);
  if (described === null) throw new UsageError(`${id}: no such execution`);
  const url = executionUrl(endpoints, id);
  if (described.status.name === 'RUNNING') {
    const { taskQueue, lastPoll } = await lookForWorker(temporal, id);
    const polled = isPolled(lastPoll);
    // Only a worker can answer a query; the server waits for one for 30 s, also where none polls.
    const progress = polled
      ? await temporal.withDeadline(Date.now() + QUERY_MS, () => client.progress(id)).catch(() => null)
      : null;
    out.record({ workflow_id: id, outcome: 'running', progress });
    out.line([out.style('bold', id), `  running since ${described.startTime.toISOString()}`]);
    if (!polled) out.line(`${noWorkerPolls(taskQueue, lastPoll)}: run "bridge worker"`);
    if (progress !== null) out.line(`${progress.settled} of ${progress.total} ended, ${progress.failed} failed`);
    if (url !== null) out.line(url);
    return EXIT.ok;
  }
  const stored = await client.result(id);
  const report = stored.truncated
    ? await withPool(endpoints.postgres.url, (pool) => completeReport(stored, createLedger(pool)))
    : stored;
  out.record(report);
  printReport(out, report);
  if (url !== null) {
    out.line();
    out.line(url);
  }
  const closed = described.closeTime?.toISOString() ?? '';
  out.line([`ended ${closed} (`, styledStatus(out, described.status.name), ')']);
  return report.outcome === 'completed' ? EXIT.ok : EXIT.failed;
}
