import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import type { IntentsReport } from '../../client/types.js';
import type { RequestInput } from '../../domain/execution/request.js';
import { wholeNumber } from '../arguments.js';
import { forEachAsItComes, readUntil } from '../as-they-come.js';
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
      'JSON lists, objects {intents, request_id?, options?} or envelopes, as many as there are; - for standard input',
    )
    .option('-c, --concurrency <n>', 'lists running at once', wholeNumber(1_000), 16)
    .option('-d, --detach', 'start the lists and print their request ids; "bridge status ID" has the reports')
    .action(async (file: string, { concurrency, detach = false }: Options, command: Command) => {
      const { config, out } = contextOf(command);
      const reading = new AbortController();
      // Input is checked up to its first list before a server is asked anything. So a file without one is invalid also
      // while Temporal is unavailable.
      const { found, all } = await readUntil(readRequests(file, reading.signal), ({ ok }) => ok);
      const run = detach ? startAll : executeAll;
      try {
        process.exitCode = found
          ? await withTemporal(config, (connected) => run(out, connected, all, concurrency))
          : await refuseAll(out, all);
      } finally {
        reading.abort();
      }
    });

/** Says of an input that no line of it holds a list. @returns the exit code. */
async function refuseAll(out: Output, items: AsyncIterable<InputItem>): Promise<number> {
  for await (const { line, ...item } of items) {
    if (!item.ok) noteRefusal(out, { line, request_id: null, error: item.error, exitCode: EXIT.usage });
  }
  return EXIT.usage;
}

/** Executes lists and prints their reports. @returns the exit code. */
async function executeAll(
  out: Output,
  { client, temporal }: Connected,
  items: AsyncIterable<InputItem>,
  concurrency: number,
): Promise<number> {
  const reports: IntentsReport[] = [];
  const codes: number[] = [];
  const running = new Set<string>();
  let unstarted = 0;
  const waited = { ids: () => [...running], unstarted: () => unstarted };
  const progress = progressOf(out);
  const execute = async (request: RequestInput): Promise<IntentsReport> => {
    const { workflowId } = await client.startRequest(request).finally(() => (unstarted -= 1));
    running.add(workflowId);
    return client.result(workflowId).finally(() => running.delete(workflowId));
  };
  async function* read(): AsyncGenerator<InputItem> {
    for await (const item of items) {
      progress.read();
      if (item.ok) unstarted += 1;
      yield item;
    }
  }
  try {
    await whileWaiting(out, temporal, waited, (over) =>
      forEachAsItComes(read(), concurrency, async (item) => {
        over.throwIfAborted();
        const outcome = await resultOf(out, item, execute);
        over.throwIfAborted();
        progress.done();
        if ('outcome' in outcome) {
          reports.push(outcome);
          out.record(outcome);
        } else {
          codes.push(outcome.exitCode);
          noteRefusal(out, outcome);
        }
      }),
    );
  } finally {
    progress.stop();
  }
  for (const report of reports.length === 1 ? reports : []) printReport(out, report);
  if (reports.length !== 1) printTotals(out, reports, codes.length);
  const failed = reports.some(({ outcome }) => outcome !== 'completed');
  return Math.max(failed ? EXIT.failed : EXIT.ok, ...codes);
}

/** Starts lists and prints their request ids. @returns the exit code. */
async function startAll(
  out: Output,
  { client, temporal }: Connected,
  items: AsyncIterable<InputItem>,
  concurrency: number,
): Promise<number> {
  const ids: string[] = [];
  const codes: number[] = [];
  await forEachAsItComes(items, concurrency, async (item) => {
    const outcome = await resultOf(out, item, (request) => client.startRequest(request));
    if ('error' in outcome) {
      codes.push(outcome.exitCode);
      noteRefusal(out, outcome);
      return;
    }
    const { requestId, workflowId, started } = outcome;
    ids.push(workflowId);
    out.record({ request_id: requestId, workflow_id: workflowId, started });
    out.line(requestId);
    if (!started) out.note(`bridge: ${requestId} was started before`);
  });
  await noteStarted(out, temporal, ids);
  return Math.max(EXIT.ok, ...codes);
}

/** Returns what `use` makes of a list, or why there is no such thing. */
async function resultOf<T>(
  out: Output,
  item: InputItem,
  use: (request: RequestInput) => Promise<T>,
): Promise<T | Refusal> {
  const { line } = item;
  if (!item.ok) return { line, request_id: null, error: item.error, exitCode: EXIT.usage };
  if (item.note !== undefined) out.note(`bridge: ${item.note}`);
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

/** Shows how many of the lists that were read are done, once there are two. */
function progressOf(out: Output) {
  const bar = new SingleBar({ format: '{bar} {value}/{total} lists  {duration_formatted}', stream: process.stderr });
  let read = 0;
  let done = 0;
  return {
    read(): void {
      read += 1;
      if (out.interactive && read === 2) bar.start(read, done);
      else bar.setTotal(read);
    },
    done(): void {
      done += 1;
      bar.update(done);
    },
    stop(): void {
      bar.stop();
    },
  };
}
