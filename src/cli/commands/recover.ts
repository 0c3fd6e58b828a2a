import { once } from 'node:events';
import { Command, Option } from 'commander';
import { firstPage, type RecoveredStatesWalk, type RecoverOptions } from '../../client/recovered-states.js';
import { days, daysSince, wholeNumber } from '../arguments.js';
import { type Connected, withTemporal } from '../connect.js';
import { contextOf } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { gatherStates } from '../gather-states.js';
import { jsonLine, type Output } from '../views/output.js';
import { cutAt, showStates } from '../views/recovered-states.js';
import { noteStarted, whileWaiting } from '../waiting.js';

interface Options {
  readonly all?: boolean;
  readonly ndjson?: boolean;
  readonly detach?: boolean;
  readonly state?: readonly string[];
  readonly namespace?: readonly string[];
  /** How far back workflows that have ended are of interest, in days. */
  readonly since?: number;
  readonly limit: number;
  /** The age at which a workflow that has not ended counts as stuck, in days. */
  readonly stuckAfter: number;
}

export const recoverCommand = (): Command =>
  new Command('recover')
    .description('read the FSM states of all workflows: counts by state, and those that are stuck')
    .option('--all', 'every state, not only --limit of them')
    .option('--ndjson', 'print the states, one per line; of a workflow that is there twice the later line is the newer')
    .option('--state <state...>', 'only workflows in one of these states')
    .option('--namespace <namespace...>', 'only workflows of one of these namespaces')
    .option(
      '--since <time>',
      'from when on those that have ended are of interest: a time, or 30m, 12h, 7d ago (default: 7d)',
      daysSince,
    )
    .option('-n, --limit <n>', 'how many states at most; those of the first page are the newest', wholeNumber(), 10_000)
    .addOption(
      new Option('--stuck-after <duration>', 'age at which one that has not ended counts as stuck')
        .argParser(days)
        .default(1, '1d'),
    )
    .addOption(
      new Option(
        '-d, --detach',
        'start reading the first page and print its request id; "bridge status ID" has the states',
      ).conflicts(['all', 'ndjson']),
    )
    .action(async (options: Options, command: Command) => {
      const { config, out } = contextOf(command);
      if (out.json && options.ndjson === true) throw new UsageError('--ndjson: expected without --json');
      const run = options.detach === true ? start : recover;
      await withTemporal(config, (connected) => run(out, connected, options));
    });

async function recover(out: Output, { client, temporal }: Connected, options: Options): Promise<void> {
  const walk = client.recoverFsmStates(walkOptions(options));
  const waited = { ids: () => (walk.requestId === null ? [] : [walk.requestId]) };
  const readAll = await whileWaiting(out, temporal, waited, async () => {
    if (options.ndjson === true) return printStates(walk);
    showStates(out, await gatherStates(walk, out.interactive ? process.stderr : undefined), walk, options);
    return true;
  });
  if (readAll && walk.truncated) out.note(`bridge: ${cutAt(options.limit, walk)}`);
  if (walk.warning !== null) out.note(`bridge: ${walk.warning}`);
  if (walk.failed > 0) {
    out.note(`bridge: ${walk.failed} states are too large for any page and are left out`);
    process.exitCode = EXIT.failed;
  }
}

async function start(out: Output, { client, temporal }: Connected, options: Options): Promise<void> {
  const { intents, how } = firstPage(walkOptions(options));
  const { requestId, workflowId, started } = await client.start(intents, how);
  out.record({ request_id: requestId, workflow_id: workflowId, started });
  out.line(requestId);
  await noteStarted(out, temporal, [workflowId]);
}

const walkOptions = ({ all, state, namespace, since, limit }: Options): RecoverOptions => ({
  ...(all === true ? {} : { limit }),
  ...(state === undefined ? {} : { states: state }),
  ...(namespace === undefined ? {} : { namespaces: namespace }),
  ...(since === undefined ? {} : { sinceDays: since }),
});

/**
 * Prints states as fast as the reader reads, in constant memory.
 * @returns false when the reader has left before the end.
 */
async function printStates(walk: RecoveredStatesWalk): Promise<boolean> {
  const { stdout } = process;
  try {
    for await (const state of walk) {
      // The reader, such as `head`, has seen enough.
      if (!stdout.writable) return false;
      // A `pipeline` would leave its listeners on a stream that it does not end.
      if (!stdout.write(jsonLine(state))) await once(stdout, 'drain');
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    return false;
  }
}
