/** This adapter asks Temporal which executions have the lists of request ids. */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { intentOutcome, isFound, requestIds } from '../domain/execution/search-attributes.js';
import type { StartedList, StartedLists } from '../domain/sharing/owners.js';
import { EXECUTE_LISTS } from '../domain/sharing/shared-list.js';
import { quoted } from './visibility.js';

/** The most executions that are looked at: those of one list are few, however often it was run. */
const MOST = 1_000;

export const createStartedLists = (client: Client, taskQueue: string): StartedLists => ({
  async find(given) {
    const ids = given.filter(isFound);
    const found: StartedList[] = [];
    if (ids.length === 0) return found;
    for await (const execution of client.workflow.list({ query: startedQuery(taskQueue, ids), pageSize: MOST })) {
      found.push(startedListOf(execution));
      if (found.length === MOST) break;
    }
    return found;
  },
});

/** Returns the query for the executions of lists, alone or shared. */
function startedQuery(taskQueue: string, ids: readonly string[]): string {
  const literals = ids.map(quoted).join(', ');
  return (
    `TaskQueue = ${quoted(taskQueue)} AND ((WorkflowType = 'ExecuteIntentsWorkflow' AND WorkflowId IN (${literals})) ` +
    `OR (WorkflowType = '${EXECUTE_LISTS}' AND ${requestIds.name} IN (${literals})))`
  );
}

function startedListOf({
  workflowId,
  type,
  startTime,
  status,
  memo,
  typedSearchAttributes: attributes,
}: WorkflowExecutionInfo): StartedList {
  const shared = type === EXECUTE_LISTS;
  const hashes = memo?.['request_sha256'];
  return {
    workflow_id: workflowId,
    started_at: startTime.toISOString(),
    running: status.name === 'RUNNING',
    // An execution that failed or was ended by force leaves its id free.
    outcome: status.name === 'RUNNING' || status.name === 'COMPLETED' ? attributes.get(intentOutcome) : undefined,
    hashes: shared
      ? ((hashes ?? {}) as Record<string, string>)
      : typeof hashes === 'string'
        ? { [workflowId]: hashes }
        : {},
    request_ids: shared ? (attributes.get(requestIds) ?? []) : null,
  };
}
