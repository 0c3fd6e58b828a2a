/** This command says what became of an id, whatever it is the id of. */
import { type WorkflowExecutionDescription, WorkflowFailedError } from '@temporalio/client';
import { Command } from 'commander';
import { completeReport } from '../../client/complete-report.js';
import type { IntentsReport } from '../../client/types.js';
import { type EmittedList, findEmitted } from '../../postgres/intake/emitted-lists.js';
import { createLedger } from '../../postgres/ledger/ledger.js';
import { REPORTS_QUERY, type SharedList } from '../../domain/sharing/shared-list.js';
import { describedOrNull, findShared, lookForWorker } from '../../temporal/inspect.js';
import { isPolled, noWorkerPolls } from '../../temporal/polls.js';
import { withPool } from '../database.js';
import { type Connected, withTemporal } from '../connect.js';
import { type Context, contextOf } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import type { Output } from '../views/output.js';
import { printReport, styledStatus } from '../views/report.js';
import { executionUrl } from '../views/web-ui.js';

/** Milliseconds that a worker has to answer a query. */
const QUERY_MS = 5_000;

export const statusCommand = (): Command =>
  new Command('status')
    .description('show a list or another execution: its progress, or what became of it')
    .argument('<id>', 'request id of a list, event id of an emitted one, or workflow id of any other execution')
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      if (id.trim() === '')
        throw new UsageError('id: expected a request id, an event id or a workflow id, got nothing');
      process.exitCode = await withTemporal(context.config, (connected) => status(context, connected, id));
    });

async function status({ out, config }: Context, connected: Connected, id: string): Promise<number> {
  const { temporal, endpoints } = connected;
  const described = await describedOrNull(temporal, id);
  if (described === null) {
    const shared = await findShared(temporal, config.TEMPORAL_TASK_QUEUE, id);
    if (shared !== null) return printShared(out, connected, id, shared);
    const lists = await withPool(endpoints.postgres, (pool) => findEmitted(pool, id));
    if (lists.length > 0) return printEmitted(out, lists);
    throw new UsageError(`${id}: no execution, and no emitted list that is answered or parked, has this id`);
  }
  if (described.status.name === 'RUNNING') return printRunning(out, connected, described);
  const code = await (described.type === 'ExecuteIntentsWorkflow' ? printList : printOther)(out, connected, described);
  const url = executionUrl(endpoints, id);
  if (url !== null) {
    out.line();
    out.line(url);
  }
  out.line([`ended ${described.closeTime?.toISOString() ?? ''} (`, styledStatus(out, described.status.name), ')']);
  return code;
}

/** Prints the report of a list that shares an execution, or how far the list is. */
async function printShared(out: Output, connected: Connected, id: string, workflowId: string): Promise<number> {
  const { client, temporal, endpoints } = connected;
  const handle = temporal.workflow.getHandle(workflowId);
  const { status: ending, startTime } = await handle.describe();
  const ask = <T>(query: () => Promise<T>): Promise<T | null> =>
    temporal.withDeadline(Date.now() + QUERY_MS, query).catch(() => null);
  const running = ending.name === 'RUNNING';
  const reports = running
    ? await ask(() => handle.query<readonly SharedList[], [readonly string[]]>(REPORTS_QUERY, [id]))
    : null;
  const url = executionUrl(endpoints, workflowId);
  if (running && (reports ?? []).length === 0) {
    const progress = await ask(() => client.progress(id));
    out.record({ workflow_id: id, shared_by: workflowId, outcome: 'running', progress });
    out.line([out.style('bold', id), `  running since ${startTime.toISOString()}, shares ${workflowId}`]);
    if (progress !== null) out.line(`${progress.settled} of ${progress.total} ended, ${progress.failed} failed`);
    if (url !== null) out.line(url);
    return EXIT.ok;
  }
  const report = await client.result(id);
  out.record(report);
  printReport(out, report);
  out.line();
  out.line(`shared by ${workflowId}`);
  if (url !== null) out.line(url);
  return codeOf(report);
}

type Print = (out: Output, connected: Connected, described: WorkflowExecutionDescription) => Promise<number>;

const printRunning: Print = async (out, { client, temporal, endpoints }, { workflowId: id, type, startTime }) => {
  const { taskQueue, lastPoll } = await lookForWorker(temporal, id);
  const polled = isPolled(lastPoll);
  const isList = type === 'ExecuteIntentsWorkflow';
  // Only a worker can answer a query; the server waits for one for 30 s, also where none polls.
  const progress =
    polled && isList
      ? await temporal.withDeadline(Date.now() + QUERY_MS, () => client.progress(id)).catch(() => null)
      : null;
  out.record({ workflow_id: id, ...(isList ? {} : { workflow_type: type }), outcome: 'running', progress });
  out.line([out.style('bold', id), `  ${isList ? '' : `${type} `}running since ${startTime.toISOString()}`]);
  if (!polled) out.line(`${noWorkerPolls(taskQueue, lastPoll)}: run "bridge worker"`);
  if (progress !== null) out.line(`${progress.settled} of ${progress.total} ended, ${progress.failed} failed`);
  const url = executionUrl(endpoints, id);
  if (url !== null) out.line(url);
  return EXIT.ok;
};

const printList: Print = async (out, { client, endpoints }, { workflowId }) => {
  const stored = await client.result(workflowId);
  const report = stored.truncated
    ? await withPool(endpoints.postgres, (pool) => completeReport(stored, createLedger(pool)))
    : stored;
  out.record(report);
  printReport(out, report);
  return codeOf(report);
};

/** Prints what a slice, a recovery, a redrive, a sweep or a prune came to: the fields of its result, or its failure. */
const printOther: Print = async (out, { temporal }, { workflowId, type, status: { name } }) => {
  const ended = name.toLowerCase();
  out.line([out.style('bold', workflowId), `  ${type} `, styledStatus(out, ended)]);
  try {
    const result: unknown = await temporal.workflow.getHandle(workflowId).result();
    out.record({ workflow_id: workflowId, workflow_type: type, outcome: ended, result });
    const fields = Object.entries(typeof result === 'object' && result !== null ? result : { result });
    out.table(
      ['field', 'value'],
      fields.map(([field, value]) => [field, typeof value === 'string' ? value : JSON.stringify(value)]),
    );
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const reason = error.cause?.message ?? error.message;
    out.record({ workflow_id: workflowId, workflow_type: type, outcome: ended, error: reason });
    out.line(reason);
    return EXIT.failed;
  }
};

/** Prints the lists that have an id: the first in full, and the others by event id. */
function printEmitted(out: Output, [first, ...others]: readonly EmittedList[]): number {
  if (first === undefined) return EXIT.ok;
  if ('verdict' in first) {
    out.record(first.verdict);
    printReport(out, first.verdict as IntentsReport);
    const { error, event_id, workflow_id } = first.verdict;
    if (error !== undefined) out.line(error);
    out.line();
    out.line(`event ${event_id}, executed by ${workflow_id}`);
  } else {
    const { event_id, partition, parked_at } = first;
    out.record({ event_id, outcome: 'parked', partition, parked_at });
    out.line([out.style('bold', event_id), `  parked since ${parked_at}`]);
    out.line(`It waits for a locked row, or behind a list that does, in ${partition}.`);
  }
  if (others.length > 0) {
    const ids = others.map((other) => ('verdict' in other ? other.verdict : other).event_id);
    out.line(`${others.length} more with this request id: ${ids.join(', ')}`);
  }
  return 'verdict' in first ? codeOf(first.verdict) : EXIT.ok;
}

const codeOf = ({ outcome }: Pick<IntentsReport, 'outcome'>): number =>
  outcome === 'completed' ? EXIT.ok : EXIT.failed;
