/** This invariant says that reports and verdicts agree with the ledger, and with the topics. */
import { PUBLISHABLE_EVENT_TYPES } from '../../src/domain/events/event-types.js';
import type { IntentResult } from '../../src/domain/intents/result.js';
import type { Environment } from '../support/environment.js';
import type { TopicRecord } from '../support/records.js';
import { ANNOUNCED_BY, causeOf, eventsOf } from './events.js';
import { type Execution, idOf, listsOf } from './executions.js';

interface Report {
  readonly workflow_id: string;
  readonly shared?: true;
  readonly counts: Readonly<Record<string, number>>;
  readonly results: readonly IntentResult[];
}

/**
 * A report with the executions that had a part in it, as the ledger names them. A verdict has the slices that its list
 * was in.
 */
interface Told extends Report {
  readonly executionIds: readonly string[];
  /**
   * Intents that succeeded by this report, and by the reports that share its executions. An id that is used twice
   * belongs to the first.
   */
  readonly succeeded: ReadonlySet<string>;
}

interface LedgerRow {
  readonly execution_id: string;
  readonly given_up: boolean;
}

/** Intent types whose effect is in the ledger. */
const IN_LEDGER = new Set(['PersistState', 'PersistFSMTransition', 'PublishEvent']);

export async function checkReports(
  environment: Environment,
  executions: readonly Execution[],
  records: readonly TopicRecord[],
): Promise<readonly string[]> {
  const { pool } = environment;
  const verdicts = await pool.query<{ event_id: string; verdict: Report }>(
    'SELECT event_id, verdict FROM intake_verdicts',
  );
  const carriers = new Map<string, string[]>();
  const sharedBy = new Map<string, Execution>();
  for (const execution of executions) {
    if (execution.type === 'ExecuteListsWorkflow') sharedBy.set(execution.workflowId, execution);
    // A slice that was ended by force may have had effects that the next slice's verdict does not know of.
    if (execution.type !== 'ExecuteSliceWorkflow' || execution.status !== 'COMPLETED') continue;
    for (const { event_id = '' } of listsOf(execution)) {
      carriers.set(event_id, [...(carriers.get(event_id) ?? []), idOf(execution)]);
    }
  }
  for (const { event_id, verdict } of verdicts.rows) {
    const shared = sharedBy.get(verdict.workflow_id);
    if (verdict.shared === true && shared !== undefined) carriers.set(event_id, [idOf(shared)]);
  }
  const succeededInSlices = succeededIn(verdicts.rows.map(({ verdict }) => verdict));
  const told: Told[] = [
    ...executions.flatMap((execution) =>
      execution.type === 'ExecuteIntentsWorkflow' && isReport(execution.output)
        ? [{ ...execution.output, executionIds: [idOf(execution)], succeeded: succeededIn([execution.output]) }]
        : [],
    ),
    ...executions.flatMap((execution) =>
      execution.type === 'ExecuteListsWorkflow' ? toldBySharing(execution, succeededInSlices) : [],
    ),
    ...verdicts.rows.map(({ event_id, verdict }) => ({
      ...verdict,
      executionIds: carriers.get(event_id) ?? [],
      succeeded: succeededInSlices,
    })),
  ];
  const ledger = await readLedger(pool);
  const delivered = await readDelivered(environment, records);
  return told.flatMap((report) => [
    ...checkCounts(report),
    ...checkResults(report, ledger),
    ...report.results.flatMap((result) => checkDelivery(result, delivered)),
  ]);
}

/** Returns the reports that callers got from a shared execution. A list that ran before has the report of that run. */
function toldBySharing(execution: Execution, succeeded: ReadonlySet<string>): Told[] {
  const { lists = [] } = (execution.output ?? {}) as { readonly lists?: readonly { readonly report?: Report }[] };
  return lists.flatMap(({ report }) =>
    report?.workflow_id === execution.workflowId
      ? [{ ...report, executionIds: [idOf(execution)], succeeded: new Set([...succeeded, ...succeededIn([report])]) }]
      : [],
  );
}

/** Events on the topics, by id and by cause; and intents with a dead letter, redriven or not. */
interface Delivered {
  readonly events: ReadonlySet<string>;
  readonly letters: ReadonlySet<string>;
}

async function readDelivered(environment: Environment, records: readonly TopicRecord[]): Promise<Delivered> {
  const { rows } = await environment.pool.query<{ intent_id: string }>(
    'SELECT intent_id FROM dead_letters WHERE intent_id IS NOT NULL',
  );
  const events = eventsOf(environment, records, PUBLISHABLE_EVENT_TYPES).flatMap((event) => [
    event.event_id,
    causeOf(event),
  ]);
  return { events: new Set(events), letters: new Set(rows.map(({ intent_id }) => intent_id)) };
}

/** Checks that an event is on its topic or a dead letter when its result says so. */
function checkDelivery(result: IntentResult, { events, letters }: Delivered): string[] {
  const { intent_id, intent_type, status } = result;
  if (status === 'dead_lettered') {
    return letters.has(intent_id)
      ? []
      : [`${intent_type} ${intent_id} is told as dead_lettered, and is no dead letter`];
  }
  if (result['event_published'] !== true) return [];
  const announcedBy = ANNOUNCED_BY[intent_type];
  const event = announcedBy === undefined ? String(result['event_id']) : `${intent_id} ${announcedBy}`;
  return events.has(event) || letters.has(intent_id)
    ? []
    : [`${intent_type} ${intent_id}: its event is told as published, and is not on its topic`];
}

const succeededIn = (reports: readonly Report[]): Set<string> =>
  new Set(
    reports.flatMap(({ results }) =>
      results.flatMap(({ intent_id, status }) => (status === 'succeeded' ? intent_id : [])),
    ),
  );

const isReport = (output: unknown): output is Report =>
  typeof output === 'object' && output !== null && 'results' in output && 'counts' in output;

async function readLedger(pool: Environment['pool']): Promise<Map<string, LedgerRow>> {
  const { rows } = await pool.query<LedgerRow & { intent_id: string }>(
    'SELECT intent_id, execution_id, given_up_by IS NOT NULL AS given_up FROM executed_intents',
  );
  return new Map(rows.map((row) => [row.intent_id, row]));
}

function checkCounts({ counts, results }: Told): string[] {
  const found: Record<string, number> = {};
  for (const { status } of results) found[status] = (found[status] ?? 0) + 1;
  const sorted = (by: Readonly<Record<string, number>>): string => JSON.stringify(Object.entries(by).sort());
  return sorted(found) === sorted(counts) ? [] : [`a report counts ${sorted(counts)}, and holds ${sorted(found)}`];
}

function checkResults({ results, executionIds, succeeded }: Told, ledger: ReadonlyMap<string, LedgerRow>): string[] {
  return results.flatMap(({ intent_id, intent_type, status }) => {
    if (!IN_LEDGER.has(intent_type)) return [];
    const row = ledger.get(intent_id);
    const done = row !== undefined && !row.given_up;
    if (status === 'succeeded' && !done)
      return [`${intent_type} ${intent_id} is told as succeeded, and is not in the ledger`];
    const denied = (status === 'failed' || status === 'skipped') && !succeeded.has(intent_id);
    return denied && done && executionIds.includes(row.execution_id)
      ? [`${intent_type} ${intent_id} is told as ${status}, and its effect is in the ledger`]
      : [];
  });
}
