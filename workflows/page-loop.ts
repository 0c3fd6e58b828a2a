/**
 * This is the loop of a workflow that goes page by page. It reads a page, acts on it, and goes on as a new run when the
 * history is long.
 */
import { workflowInfo } from '@temporalio/workflow';

/**
 * Goes from page to page, until there is no next one.
 * @param first is the start of this run's first page.
 * @param act reads the page that starts at `at`, and acts on it. It returns the start of the next page, or null.
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
