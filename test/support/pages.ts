/**
 * This module replaces activities that answer page by page, and shows whether a workflow takes several runs for them.
 */
import { ApplicationFailure } from '@temporalio/common';
import { useMemoryWorker } from './memory-worker.js';

/** Three pages with this padding are more history than a run is to have. The server suggests another run from 4 MB. */
export const PADDING = 'x'.repeat(1_500_000);

/** Makes a worker for the `describe` that calls this, and returns it with what its workflows ask. */
export function usePages() {
  const used = useMemoryWorker();

  /** Answers the calls of an activity by page. A call for more pages fails, so that no mistake goes on for ever. */
  function pages(activity: string, answers: readonly object[]): void {
    let asked = 0;
    used.worker.instead.set(activity, () => {
      const answer = answers[asked];
      asked += 1;
      if (answer === undefined) throw ApplicationFailure.nonRetryable(`${activity}: ${asked} pages`);
      return answer;
    });
  }
  const fieldsOf = (activity: string, ...names: readonly string[]) =>
    used.worker.inputsOf(activity).map((input) => names.map((name) => (input as Record<string, unknown>)[name]));
  /** Executes a workflow, and returns its result and whether it continued in another run. */
  async function runs(workflow: string, ...args: readonly unknown[]) {
    const execution = await used.worker.start(workflow, args);
    const result: unknown = await execution.result();
    const { runId } = await execution.describe();
    const first = await execution.fetchHistory();
    return {
      result,
      continued: runId !== first.events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId,
    };
  }

  return {
    pages,
    fieldsOf,
    runs,
    get worker() {
      return used.worker;
    },
  };
}
