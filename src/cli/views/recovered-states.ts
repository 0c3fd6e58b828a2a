/** This module prints the states that `bridge recover` has read. */
import type { RecoveredStatesWalk, RecoveredWorkflow } from '../../client/recovered-states.js';
import { TERMINAL_STATES } from '../../domain/recovery/terminal-states.js';
import { millisecondsOf } from '../../domain/values/time.js';
import type { Output } from './output.js';

const DAY_MS = 24 * 3_600_000;
/** The most stuck workflows that are listed; the others are counted. */
const SHOWN = 20;

/** Says which states a walk has read up to its limit; only its first page has the newest ones. */
const readOf = (limit: number, { newest }: RecoveredStatesWalk): string =>
  newest < limit ? String(limit) : `the newest ${limit}`;

/**
 * Returns the warning of a walk that its limit ended. The states cut off may be those that have not moved for the
 * longest time.
 */
export function cutAt(limit: number, walk: RecoveredStatesWalk): string {
  const of = walk.totalMatching === null ? '' : ` of ${walk.totalMatching}`;
  return (
    `only ${readOf(limit, walk)} states${of} were read, and those stuck for longest ` +
    'may be among the others; --all reads all'
  );
}

/**
 * Prints the stuck workflows, then the counts by state, those with the most stuck workflows first.
 * @param options `stuckAfter` in days; `limit` is the one of the walk.
 */
export function showStates(
  out: Output,
  states: Map<string, RecoveredWorkflow>,
  walk: RecoveredStatesWalk,
  { stuckAfter, limit }: { readonly stuckAfter: number; readonly limit: number },
): void {
  const before = Date.now() - stuckAfter * DAY_MS;
  const counts = new Map<string, { workflows: number; stuck: number }>();
  const stuck: RecoveredWorkflow[] = [];
  for (const state of states.values()) {
    const { workflows, stuck: old } = counts.get(state.current_state) ?? { workflows: 0, stuck: 0 };
    const isStuck = !TERMINAL_STATES.includes(state.current_state.toUpperCase()) && lastMoved(state) < before;
    if (isStuck) stuck.push(state);
    counts.set(state.current_state, { workflows: workflows + 1, stuck: old + Number(isStuck) });
  }
  const byState = [...counts].sort(([, a], [, b]) => b.stuck - a.stuck || b.workflows - a.workflows);
  stuck.sort((a, b) => (lastMoved(a) < lastMoved(b) ? -1 : 1));
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
  const among = walk.truncated ? `, among ${readOf(limit, walk)}; --all looks at all` : '';
  if (stuck.length > 0) {
    const what = `${stuck.length} not ended and without a transition for ${ageOf(stuckAfter)}`;
    out.line(out.style('yellow', `Stuck: ${what}${among}`));
    out.table(
      ['workflow', 'state', 'since', 'age', 'transitions', 'namespace'],
      stuck.slice(0, SHOWN).map((state) => [
        state.workflow_id,
        state.current_state,
        // The fraction of a second is left out.
        state.last_transition_at.replace(/\.\d+Z$/, 'Z'),
        ageOf((Date.now() - lastMoved(state)) / DAY_MS),
        String(state.transition_count),
        typeof state.metadata['namespace'] === 'string' ? state.metadata['namespace'] : '',
      ]),
    );
    if (stuck.length > SHOWN) out.line(`and ${stuck.length - SHOWN} more`);
    out.line();
  } else if (walk.truncated) {
    out.line(`Stuck: none${among}`);
    out.line();
  }
  out.table(
    ['state', 'workflows', 'stuck'],
    byState.map(([state, { workflows, stuck: old }]) => [state, String(workflows), old === 0 ? '' : String(old)]),
  );
  const of = walk.truncated ? ` of ${walk.totalMatching ?? 'more'}` : '';
  out.line(`${states.size} workflows${of}`);
}

const lastMoved = ({ last_transition_at }: RecoveredWorkflow): number => millisecondsOf(last_transition_at);

/** Writes an age in days as `3 d`, or as `5 h` below two days. A time before the year 1 has no age to speak of. */
function ageOf(age: number): string {
  if (age === Infinity) return '';
  return age >= 2 ? `${Math.floor(age)} d` : `${Math.round(age * 24)} h`;
}
