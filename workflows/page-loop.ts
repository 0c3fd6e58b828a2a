/**
 * The loop of a workflow that goes page by page: read a page, act on it, and go on as a new run when the history is
 * long.
 */
import { workflowInfo } from '@temporalio/workflow';

/**
 * Goes from page to page, until there is no next one.
 * @param first is where the first page of this run starts.
 * @param act reads the page that starts there and acts on it. It returns where the next one starts; null: there is
 * none.
 * @param continueAt continues as new, with all that the workflow has come to; it is called when Temporal suggests it.
 */
export async function eachPage<At>(
  first: At,
  act: (at: At) => Promise<NonNullable<At> | null>,
  continueAt: (at: NonNullable<At>) => Promise<never>,
): Promise<void> {
  for (let at = first; ;) {
    const next = await act(at);
    if (next === null) return;
    at = next;
    if (workflowInfo().continueAsNewSuggested) await continueAt(next);
  }
}
