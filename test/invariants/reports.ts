/** What reports and verdicts tell callers is what the ledger holds. */
import type { IntentResult } from '../../src/intents/result.js';
import type { Environment } from '../support/environment.js';
import type { Execution } from './executions.js';

interface Report {
  readonly counts: Readonly<Record<string, number>>;
  readonly results: readonly IntentResult[];
}

/** A report with the execution that made it, as the ledger names it; null for a verdict, whose run is not stored. */
interface Told extends Report {
  readonly executionId: string | null;
}

interface LedgerRow {
  readonly execution_id: string;
  readonly given_up: boolean;
}

/** Types whose effect is in the ledger. */
const IN_LEDGER = new Set(['PersistState', 'PersistFSMTransition', 'PublishEvent']);

export async function checkReports(
  { pool }: Environment,
  executions: readonly Execution[],
): Promise<readonly string[]> {
  const verdicts = await pool.query<{ verdict: Report }>('SELECT verdict FROM intake_verdicts');
  const told: Told[] = [
    ...executions.flatMap(({ type, output, workflowId, runId }) =>
      type === 'ExecuteIntentsWorkflow' && isReport(output)
        ? [{ ...output, executionId: `${workflowId}/${runId}` }]
        : [],
    ),
    ...verdicts.rows.map(({ verdict }) => ({ ...verdict, executionId: null })),
  ];
  const ledger = await readLedger(pool);
  return told.flatMap((report) => [...checkCounts(report), ...checkResults(report, ledger)]);
}

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

function checkResults({ results, executionId }: Told, ledger: ReadonlyMap<string, LedgerRow>): string[] {
  const uses = new Map<string, number>();
  for (const { intent_id } of results) uses.set(intent_id, (uses.get(intent_id) ?? 0) + 1);
  return results.flatMap(({ intent_id, intent_type, status }) => {
    if (!IN_LEDGER.has(intent_type)) return [];
    const row = ledger.get(intent_id);
    const done = row !== undefined && !row.given_up;
    if (status === 'succeeded' && !done)
      return [`${intent_type} ${intent_id} is told as succeeded, and is not in the ledger`];
    // An id that the list uses twice belongs to the first of both: the second is told that it failed.
    const denied = (status === 'failed' || status === 'skipped') && uses.get(intent_id) === 1;
    return denied && done && row.execution_id === executionId
      ? [`${intent_type} ${intent_id} is told as ${status}, and its effect is in the ledger`]
      : [];
  });
}
