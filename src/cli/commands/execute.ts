import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import pLimit from 'p-limit';
import type { IntentsReport } from '../../client/types.js';
import type { RequestInput } from '../../domain/execution/request.js';
import { wholeNumber } from '../arguments.js';
import { type Connected, withTemporal } from '../connect.js';
import { contextOf } from '../context.js';
import { EXIT, exitCodeOf } from '../errors.js';
import { type InputItem, readRequests } from '../input.js';
import type { Output } from '../views/output.js';
import { printReport, printTotals } from '../views/report.js';
import { noteStarted, whileWaiting } from '../waiting.js';

interface Options {
  readonly concurrency: number;
  readonly detach?: boolean;
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
    .option('-d, --detach', 'start the lists and print their request ids; "bridge status ID" has the reports')
    .action(async (file: string, { concurrency, detach = false }: Options, command: Command) => {
      const { config, out } = contextOf(command);
      // Input is checked before anything is asked of a server: a file is invalid also while Temporal is unavailable.
      const items: InputItem[] = [];
      for await (const item of readRequests(file)) items.push(item);
      const run = detach ? startAll : executeAll;
      process.exitCode = await withTemporal(config, (connected) => run(out, connected, items, concurrency));
    });

/** Executes lists and prints their reports. @returns the exit code. */
async function executeAll(
  out: Output,
  { client, temporal }: Connected,
  items: readonly InputItem[],
  concurrency: number,
): Promise<number> {
  const reports: IntentsReport[] = [];
  const refusals: Refusal[] = [];
  const running = new Set<string>();
  let unstarted = items.length;
  const waited = { ids: () => [...running], unstarted: () => unstarted };
  const bar = progressBar(out, items.length);
  const execute = async (request: RequestInput): Promise<IntentsReport> => {
    const { workflowId } = await client.startRequest(request).finally(() => (unstarted -= 1));
    running.add(workflowId);
    return client.result(workflowId).finally(() => running.delete(workflowId));
  };
  try {
    await whileWaiting(out, temporal, waited, (over) =>
      pLimit(concurrency).map(items, async (item) => {
        over.throwIfAborted();
        const outcome = await resultOf(item, execute);
        over.throwIfAborted();
        bar?.increment();
        if ('outcome' in outcome) {
          reports.push(outcome);
          out.record(outcome);
        } else {
          refusals.push(outcome);
          noteRefusal(out, outcome);
        }
      }),
    );
  } finally {
    bar?.stop();
  }
  for (const report of reports.length === 1 ? reports : []) printReport(out, report);
  if (reports.length !== 1) printTotals(out, reports, refusals.length);
  const failed = reports.some(({ outcome }) => outcome !== 'completed');
  return Math.max(failed ? EXIT.failed : EXIT.ok, ...refusals.map(({ exitCode }) => exitCode));
}

/** Starts lists and prints their request ids. @returns the exit code. */
async function startAll(
  out: Output,
  { client, temporal }: Connected,
  items: readonly InputItem[],
  concurrency: number,
): Promise<number> {
  const ids: string[] = [];
  const codes = await pLimit(concurrency).map(items, async (item) => {
    const outcome = await resultOf(item, (request) => client.startRequest(request));
    if ('error' in outcome) {
      noteRefusal(out, outcome);
      return outcome.exitCode;
    }
    const { requestId, workflowId, started } = outcome;
    ids.push(workflowId);
    out.record({ request_id: requestId, workflow_id: workflowId, started });
    out.line(requestId);
    if (!started) out.note(`bridge: ${requestId} was started before`);
    return EXIT.ok;
  });
  await noteStarted(out, temporal, ids);
  return Math.max(EXIT.ok, ...codes);
}

/** Returns what `use` makes of a list, or why there is no such thing. */
async function resultOf<T>(item: InputItem, use: (request: RequestInput) => Promise<T>): Promise<T | Refusal> {
  const { line } = item;
  if (!item.ok) return { line, request_id: null, error: item.error, exitCode: EXIT.usage };
  try {
    return await use(item.request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { line, request_id: item.request.request_id ?? null, error: message, exitCode: exitCodeOf(error) };
  }
}

function noteRefusal(out: Output, { exitCode: _exitCode, ...refusal }: Refusal): void {
  out.note(`bridge: line ${refusal.line}: ${refusal.error}`);
  out.record({ ...refusal, outcome: 'refused' });
}

function progressBar(out: Output, total: number): SingleBar | undefined {
  if (!out.interactive || total < 2) return undefined;
  const bar = new SingleBar({ format: '{bar} {value}/{total} lists  {duration_formatted}', stream: process.stderr });
  bar.start(total, 0);
  return bar;
}
