/** This module gathers the states of a walk by workflow, and shows how far the walk is. */
import { SingleBar } from 'cli-progress';
import type { RecoveredStatesWalk, RecoveredWorkflow } from '../client/recovered-states.js';
import { isNewer } from '../domain/recovery/newer.js';

/**
 * Gathers the states of a walk. A workflow that moved during the walk comes twice, and its newer state counts.
 * @param terminal where a person watches; undefined when nobody does.
 */
export async function gatherStates(
  walk: RecoveredStatesWalk,
  terminal: NodeJS.WritableStream | undefined,
): Promise<Map<string, RecoveredWorkflow>> {
  const states = new Map<string, RecoveredWorkflow>();
  let bar: SingleBar | undefined;
  try {
    for await (const state of walk) {
      const before = states.get(state.workflow_id);
      if (before === undefined || isNewer(state, before)) states.set(state.workflow_id, state);
      if (terminal !== undefined && bar === undefined && walk.totalMatching !== null) {
        bar = new SingleBar({ format: '{bar} {value}/{total} states  {duration_formatted}', stream: terminal });
        bar.start(walk.totalMatching, 0);
      }
      bar?.update(Math.min(states.size, bar.getTotal()));
    }
  } finally {
    // The progress bar is stopped: its timer would keep the process from ending.
    bar?.stop();
  }
  return states;
}
