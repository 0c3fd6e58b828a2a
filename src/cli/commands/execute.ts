import type { Client } from '@temporalio/client';
import { Command } from 'commander';
import { SingleBar } from 'cli-progress';
import pLimit from 'p-limit';
import type { StoreEffectClient } from '../../client/store-effect-client.js';
import type { IntentsReport } from '../../client/types.js';
import { pollerCount } from '../../temporal/inspect.js';
import { wholeNumber } from '../arguments.js';
import { withTemporal } from '../connect.js';
import { type Context, contextOf } from '../context.js';
import { EXIT, exitCodeOf } from '../errors.js';
import { type InputItem, readRequests } from '../input.js';
import { printReport, printTotals } from '../views/report.js';

/**
 * Milliseconds without an end after which the command looks whether there is a worker. A worker takes a list within
 * milliseconds.
 */
const WORKER_PATIENCE_MS = 3_000;

interface Options {
  readonly concurrency: number;
}

/** A refusal is a list that has no report: a broken line, a refused list, a terminated execution. */
export interface Refusal {
  readonly line: number;
  readonly request_id: string | null;
  readonly error: string;
  readonly exitCode: number;
}

export const executeCommand = (): Command =>
  new Command('execute')
    .description('execute lists of intents and print their reports')
    .argument(
      '<file>',
      'a JSON list, an object {intents, request_id?, options?}, or NDJSON of such objects; - for standard input',
    )
    .option('-c, --concurrency <n>', 'lists running at once', wholeNumber(1_000), 16)
    .action(async (file: string, options: Options, command: Command) => {
      process.exitCode = await execute(contextOf(command), file, options);
    });

async function execute(context: Context, file: string, { concurrency }: Options): Promise<number> {
  const { out } = context;
  const reports: IntentsReport[] = [];
  const refusals: Refusal[] = [];
  // Input is checked before anything is asked of a server: a file is invalid also while Temporal is unavailable.
  const items: InputItem[] = [];
  for await (const item of readRequests(file)) items.push(item);
  await withTemporal(context.config, async ({ client, temporal }) => {
    const lonely = setTimeout(() => void noteMissingWorker(context, temporal), WORKER_PATIENCE_MS);
    const bar = progressBar(context, items.length);
    const limit = pLimit(concurrency);
    await limit.map(items, async (item) => {
      const outcome = item.ok
        ? await run(client, item.line, item.request)
        : { line: item.line, request_id: null, error: item.error, exitCode: EXIT.usage };
      bar?.increment();
      if ('outcome' in outcome) {
        reports.push(outcome);
        out.record(outcome);
      } else {
        refusals.push(outcome);
        out.note(`bridge: line ${outcome.line}: ${outcome.error}`);
        const { exitCode: _exitCode, ...refusal } = outcome;
        out.record({ ...refusal, outcome: 'refused' });
      }
    });
    bar?.stop();
    clearTimeout(lonely);
  });
  for (const report of reports.length === 1 ? reports : []) printReport(out, report);
  if (reports.length !== 1) printTotals(out, reports, refusals.length);
  const failed = reports.some(({ outcome }) => outcome !== 'completed');
  return Math.max(failed ? EXIT.failed : EXIT.ok, ...refusals.map(({ exitCode }) => exitCode));
}

/** Says that no worker polls the task queue. A list rightly waits then, but the command would look hung. */
async function noteMissingWorker({ config, out }: Context, temporal: Client): Promise<void> {
  const queue = config.TEMPORAL_TASK_QUEUE;
  const pollers = await pollerCount(temporal.connection, config.TEMPORAL_NAMESPACE, queue).catch(() => null);
  if (pollers === 0) out.note(`bridge: no worker polls ${queue}; the lists wait until one does: run "bridge worker"`);
}

async function run(
  client: StoreEffectClient,
  line: number,
  request: Parameters<StoreEffectClient['startRequest']>[0],
): Promise<IntentsReport | Refusal> {
  try {
    const { workflowId } = await client.startRequest(request);
    return await client.result(workflowId);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { line, request_id: request.request_id ?? null, error: message, exitCode: exitCodeOf(error) };
  }
}

function progressBar({ out }: Context, total: number): SingleBar | undefined {
  if (!out.interactive || total < 2) return undefined;
  const bar = new SingleBar({ format: '{bar} {value}/{total} lists  {duration_formatted}', stream: process.stderr });
  bar.start(total, 0);
  return bar;
}
