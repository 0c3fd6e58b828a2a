import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { SingleBar } from 'cli-progress';
import type { RecoveredStatesWalk, RecoveredWorkflow, RecoverOptions } from '../client/recovered-states.js';
import { isNewer } from '../intents/recover-fsm-states/newer.js';
import { TERMINAL_STATES } from '../intents/recover-fsm-states/terminal-states.js';
import { days, wholeNumber } from './arguments.js';
import { withTemporal } from './connect.js';
import { contextOf } from './context.js';
import { EXIT, UsageError } from './errors.js';
import type { Output } from './output.js';

interface Options {
  readonly all?: boolean;
  readonly ndjson?: boolean;
  readonly state?: readonly string[];
  readonly namespace?: readonly string[];
  /** Days. */
  readonly since?: number;
  readonly limit: number;
  /** Days. */
  readonly stuckAfter: number;
}

const DAY_MS = 24 * 3_600_000;
/** Stuck workflows that are listed; the others are counted. */
const SHOWN = 20;

export const recoverCommand = (): Command =>
  new Command('recover')
    .description('read the FSM states of all workflows: counts by state, and those that are stuck')
    .option('--all', 'every state, not only --limit of them')
    .option('--ndjson', 'print the states, one a line; of a workflow that is there twice the later line is the newer')
    .option('--state <state...>', 'only workflows in one of these states')
    .option('--namespace <namespace...>', 'only workflows of one of these namespaces')
    .option('--since <duration>', 'how far back those that have ended are of interest: 30d, 12h (default: 7d)', days)
    .option('-n, --limit <n>', 'how many states at most', wholeNumber(), 10_000)
    .option('--stuck-after <duration>', 'age at which one that has not ended counts as stuck', days, 1)
    .action(async (options: Options, command: Command) => {
      const { config, out } = contextOf(command);
      if (out.json && options.ndjson === true) throw new UsageError('--ndjson: expected without --json');
      await withTemporal(config, async ({ client }) => {
        const walk = client.recoverFsmStates(walkOptions(options));
        if (options.ndjson === true) await printStates(walk);
        else show(out, await gather(out, walk), walk, options.stuckAfter);
        if (walk.warning !== null) out.note(`bridge: ${walk.warning}`);
        if (walk.failed > 0) {
          out.note(`bridge: ${walk.failed} states are too large for any page and are left out`);
          process.exitCode = EXIT.intentFailed;
        }
      });
    });

const walkOptions = ({ all, state, namespace, since, limit }: Options): RecoverOptions => ({
  ...(all === true ? {} : { limit }),
  ...(state === undefined ? {} : { states: state }),
  ...(namespace === undefined ? {} : { namespaces: namespace }),
  ...(since === undefined ? {} : { sinceDays: since }),
});

/** As fast as the reader reads, in constant memory. */
async function printStates(walk: RecoveredStatesWalk): Promise<void> {
  async function* lines(): AsyncGenerator<string> {
    for await (const state of walk) yield `${JSON.stringify(state)}\n`;
  }
  try {
    await pipeline(Readable.from(lines()), process.stdout, { end: false });
  } catch (error) {
    // `| head`: the reader has seen enough.
    if (!GONE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const GONE = new Set(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** By workflow: one that moved during the walk comes twice. */
async function gather(out: Output, walk: RecoveredStatesWalk): Promise<Map<string, RecoveredWorkflow>> {
  const states = new Map<string, RecoveredWorkflow>();
  let bar: SingleBar | undefined;
  for await (const state of walk) {
    const before = states.get(state.workflow_id);
    if (before === undefined || isNewer(state, before)) states.set(state.workflow_id, state);
    if (out.interactive && bar === undefined && walk.totalMatching !== null) {
      bar = new SingleBar({ format: '{bar} {value}/{total} states  {duration_formatted}', stream: process.stderr });
      bar.start(walk.totalMatching, 0);
    }
    bar?.update(Math.min(states.size, bar.getTotal()));
  }
  bar?.stop();
  return states;
}

function show(
  out: Output,
  states: Map<string, RecoveredWorkflow>,
  walk: RecoveredStatesWalk,
  stuckAfter: number,
): void {
  const before = new Date(Date.now() - stuckAfter * DAY_MS).toISOString();
  const counts = new Map<string, { workflows: number; stuck: number }>();
  const stuck: RecoveredWorkflow[] = [];
  for (const state of states.values()) {
    const { workflows, stuck: old } = counts.get(state.current_state) ?? { workflows: 0, stuck: 0 };
    const isStuck = !TERMINAL_STATES.includes(state.current_state.toUpperCase()) && state.last_transition_at < before;
    if (isStuck) stuck.push(state);
    counts.set(state.current_state, { workflows: workflows + 1, stuck: old + Number(isStuck) });
  }
  const byState = [...counts].sort(([, a], [, b]) => b.stuck - a.stuck || b.workflows - a.workflows);
  stuck.sort((a, b) => (a.last_transition_at < b.last_transition_at ? -1 : 1));
  out.record({
    total_recovered: states.size,
    total_matching: walk.totalMatching,
    failed: walk.failed,
    truncated: walk.truncated,
    by_state: Object.fromEntries(byState.map(([state, { workflows }]) => [state, workflows])),
    stuck: stuck.map(({ workflow_id }) => workflow_id),
    recovered_states: Object.fromEntries([...states].map(([id, { workflow_id: _id, ...state }]) => [id, state])),
  });
  if (states.size === 0) {
    out.line('no states');
    return;
  }
  if (stuck.length > 0) {
    out.line(out.style('yellow', `Stuck: ${stuck.length} not ended and without a transition for ${ageOf(stuckAfter)}`));
    out.table(
      ['workflow', 'state', 'since', 'age', 'transitions', 'namespace'],
      stuck
        .slice(0, SHOWN)
        .map(({ workflow_id, current_state, last_transition_at, transition_count, metadata }) => [
          workflow_id,
          current_state,
          `${last_transition_at.slice(0, 19)}Z`,
          ageOf((Date.now() - Date.parse(last_transition_at)) / DAY_MS),
          String(transition_count),
          typeof metadata['namespace'] === 'string' ? metadata['namespace'] : '',
        ]),
    );
    if (stuck.length > SHOWN) out.line(`and ${stuck.length - SHOWN} more`);
    out.line();
  }
  out.table(
    ['state', 'workflows', 'stuck'],
    byState.map(([state, { workflows, stuck: old }]) => [state, String(workflows), old === 0 ? '' : String(old)]),
  );
  const of = walk.truncated && walk.totalMatching !== null ? ` of ${walk.totalMatching}; --all for the others` : '';
  out.line(`${states.size} workflows${of}`);
}

/** `3 d`, or `5 h` below two days. */
const ageOf = (age: number): string => (age >= 2 ? `${Math.floor(age)} d` : `${Math.round(age * 24)} h`);
