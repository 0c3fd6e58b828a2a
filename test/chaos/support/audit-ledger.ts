/** This module compares the rows of the ledger with what the lists say, and with what the outcomes name. */
import type pg from 'pg';
import type { Audit } from './audit.js';
import type { Expected, LedgerRow } from './lists.js';

interface Stored extends Pick<LedgerRow, 'intent_type' | 'outcome'> {
  readonly intent_id: string;
  readonly workflow_id: string;
  /** Whether the transition that the outcome names is the row that the intent wrote. */
  readonly own_transition: boolean | null;
  /** State of the dead letter that holds the intent's event; null: there is none. */
  readonly letter: 'open' | 'redriven' | null;
}

export async function auditLedger(pool: pg.Pool, { ledger }: Expected): Promise<Audit> {
  const { rows } = await pool.query<Stored>(
    `SELECT intent_id, intent_type, split_part(execution_id, '/', 1) AS workflow_id, outcome,
       (SELECT moved.intent_id = executed.intent_id FROM fsm_transitions moved
        WHERE moved.id::text = outcome ->> 'transition_id') AS own_transition,
       (SELECT CASE WHEN redriven_at IS NULL THEN 'open' ELSE 'redriven' END FROM dead_letters
        WHERE event_id::text = outcome ->> 'event_id') AS letter
     FROM executed_intents executed WHERE given_up_by IS NULL AND intent_id = ANY ($1::uuid[])`,
    [[...ledger.keys()]],
  );
  const stored = new Map(rows.map((row) => [row.intent_id, row]));
  const lost = [...ledger].flatMap(([id, expected]) => {
    const row = stored.get(id);
    if (row === undefined) return [`${id}: no ledger row`];
    const wrong = differences(row, expected);
    return wrong.length === 0 ? [] : [`${id}: the ledger says ${JSON.stringify(row)}: wrong in ${wrong.join()}`];
  });
  return { lost, doubled: [] };
}

/** @returns names of fields that are not as expected. */
function differences({ outcome, ...row }: Stored, expected: LedgerRow): string[] {
  const wanted: Record<string, unknown> = { ...expected.outcome };
  if (expected.intent_type === 'PublishEvent') {
    // A redrive records that the event is on its topic. The result still says that it was a dead letter.
    wanted['event_published'] = row.letter !== 'open';
    wanted['dlq_fallback'] = row.letter !== null;
  }
  const fields = Object.entries(wanted).filter(
    ([name, value]) => JSON.stringify(outcome[name]) !== JSON.stringify(value),
  );
  return [
    ...(row.intent_type === expected.intent_type ? [] : ['intent_type']),
    ...(expected.workflow_id === null || row.workflow_id === expected.workflow_id ? [] : ['execution_id']),
    ...(expected.intent_type !== 'PersistFSMTransition' || row.own_transition === true ? [] : ['transition_id']),
    ...fields.map(([name]) => name),
  ];
}
