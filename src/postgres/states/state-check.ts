/**
 * This check compares `fsm_states` with the history behind it, and repairs it. The current transition of a workflow is
 * the one that the trigger of migration 0025 would have kept. It has the highest epoch and count. Of several it is the
 * one without a time of its own, or the latest, or the last to arrive.
 */
import { isoUtc } from '../core/instant.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';

type StateFault = 'missing' | 'differs' | 'orphaned';

export interface StateProblem {
  readonly workflow_id: string;
  /**
   * `missing`: a history without a state; `differs`: another state than the history's; `orphaned`: a state without a
   * history.
   */
  readonly fault: StateFault;
  /** The state as stored, and below as the history says: `STATE after STATE, epoch 1, count 3, at …`. */
  readonly stored: string | null;
  readonly expected: string | null;
}

export interface StateCheck {
  /** Workflows compared. */
  readonly checked: number;
  readonly faults: Readonly<Record<StateFault, number>>;
  /** Faults that are mended now; orphaned states are left as they are, for nobody knows what they should be. */
  readonly repaired: number;
  /** The first problems. */
  readonly examples: readonly StateProblem[];
}

/** Workflows a statement: with 500 transitions each it reads 1,000,000 index entries, in about a second. */
const WINDOW = 2_000;
const EXAMPLES = 10;

const CURRENT = `SELECT to_state, from_state, epoch, transition_count,
    CASE WHEN jsonb_typeof(transition_data -> 'metadata') = 'object' THEN transition_data -> 'metadata' ELSE '{}' END AS metadata,
    COALESCE(transition_at, created_at) AS happened
  FROM fsm_transitions
  WHERE entity_id = ids.workflow_id AND entity_type = 'workflow_execution'
  ORDER BY epoch DESC, transition_count DESC, transition_at DESC NULLS FIRST, sequence DESC
  LIMIT 1`;

/** A state whose time the trigger did not have has the time of its arrival, which the history does not know. */
const DIFFERS = `(state.current_state, state.previous_state, state.epoch, state.transition_count, state.metadata,
      CASE WHEN history.happened IS NULL THEN NULL ELSE state.last_transition_at END)
    IS DISTINCT FROM
    (history.to_state, history.from_state, history.epoch, history.transition_count, history.metadata, history.happened)`;

const shown = (state: string, from: string, table: string, at: string): string =>
  `format('%s after %s, epoch %s, count %s, at %s', ${state}, COALESCE(${from}, 'nothing'), ${table}epoch, ${table}transition_count, ${isoUtc(at)})`;

/** @param onProgress called with the number of workflows compared so far. */
export async function checkStates(
  pool: Pool,
  { fix, onProgress = () => undefined }: { readonly fix: boolean; readonly onProgress?: (checked: number) => void },
): Promise<StateCheck> {
  const faults = { missing: 0, differs: 0, orphaned: 0 };
  const examples: StateProblem[] = [];
  let checked = 0;
  let repaired = 0;
  for (let after: string | null = null; ;) {
    const window = await readWindow(pool, after);
    const problems = window.flatMap(({ fault, ...row }) => (fault === null ? [] : [{ ...row, fault }]));
    for (const { fault } of problems) faults[fault] += 1;
    examples.push(...problems.slice(0, EXAMPLES - examples.length));
    const mendable = problems.filter(({ fault }) => fault !== 'orphaned').map(({ workflow_id }) => workflow_id);
    if (fix && mendable.length > 0) repaired += await withTransaction(pool, (tx) => repair(tx, mendable));
    checked += window.length;
    onProgress(checked);
    const last = window.at(-1);
    if (last === undefined || window.length < WINDOW) return { checked, faults, repaired, examples };
    after = last.workflow_id;
  }
}

/**
 * Compares the next workflows in one statement, and so in one snapshot: a transition that arrives meanwhile is in both
 * tables or in neither.
 */
async function readWindow(
  pool: Pool,
  after: string | null,
): Promise<(Omit<StateProblem, 'fault'> & { readonly fault: StateFault | null })[]> {
  const { rows } = await withConnection(pool, (connection) =>
    connection.query<StateProblem>(
      `WITH ids AS MATERIALIZED (
         SELECT workflow_id FROM (
           (SELECT DISTINCT entity_id AS workflow_id FROM fsm_transitions
            WHERE entity_type = 'workflow_execution' AND ($1::uuid IS NULL OR entity_id > $1) ORDER BY 1 LIMIT $2)
           UNION
           (SELECT workflow_id FROM fsm_states WHERE $1::uuid IS NULL OR workflow_id > $1 ORDER BY 1 LIMIT $2)
         ) both_tables ORDER BY 1 LIMIT $2)
       SELECT workflow_id,
         CASE WHEN state.workflow_id IS NULL THEN 'missing' WHEN history.to_state IS NULL THEN 'orphaned'
           WHEN ${DIFFERS} THEN 'differs' END AS fault,
         CASE WHEN state.workflow_id IS NOT NULL
           THEN ${shown('state.current_state', 'state.previous_state', 'state.', 'state.last_transition_at')} END AS stored,
         CASE WHEN history.to_state IS NOT NULL
           THEN ${shown('history.to_state', 'history.from_state', 'history.', 'history.happened')} END AS expected
       FROM ids LEFT JOIN fsm_states state USING (workflow_id) LEFT JOIN LATERAL (${CURRENT}) history ON true
       ORDER BY workflow_id`,
      [after, WINDOW],
    ),
  );
  return rows;
}

/**
 * Repairs the states of workflows. Whoever writes a transition locks the workflow's state first, so with the lock in
 * hand the history stands still. Missing states are inserted and others locked in one pass, in the order in which
 * writers lock. Two passes, first the one and then the other kind, deadlocked with a writer of both (40P01).
 */
async function repair(tx: Transaction, workflowIds: readonly string[]): Promise<number> {
  // The first epoch began at no known time, and each later one with a restart, which has a time.
  const EPOCH_BEGAN = `(SELECT min(transition_at) FROM fsm_transitions
    WHERE entity_id = ids.workflow_id AND entity_type = 'workflow_execution' AND epoch = history.epoch AND epoch > 1)`;
  const { rowCount: inserted } = await tx.query(
    `INSERT INTO fsm_states (workflow_id, current_state, previous_state, epoch, epoch_started_at, transition_count, metadata,
       last_transition_at, sequence, updated_at)
     SELECT ids.workflow_id, to_state, from_state, epoch, ${EPOCH_BEGAN}, transition_count, metadata,
       COALESCE(happened, now()), nextval('fsm_transitions_sequence'), now()
     FROM unnest($1::uuid[]) AS ids (workflow_id) CROSS JOIN LATERAL (${CURRENT}) history
     ORDER BY ids.workflow_id
     ON CONFLICT (workflow_id) DO UPDATE SET updated_at = EXCLUDED.updated_at WHERE false`,
    [workflowIds],
  );
  // The row gets a number and a transaction of now, as by a transition. So a walk does not take it for what its first
  // page gave.
  const { rowCount: updated } = await tx.query(
    `UPDATE fsm_states state SET current_state = history.to_state, previous_state = history.from_state, epoch = history.epoch,
       epoch_started_at = CASE WHEN state.epoch = history.epoch THEN state.epoch_started_at ELSE ${EPOCH_BEGAN} END,
       transition_count = history.transition_count, metadata = history.metadata,
       last_transition_at = COALESCE(history.happened, state.last_transition_at),
       sequence = nextval('fsm_transitions_sequence'), updated_at = now(), moved_by = pg_current_xact_id()
     FROM unnest($1::uuid[]) AS ids (workflow_id) CROSS JOIN LATERAL (${CURRENT}) history
     WHERE state.workflow_id = ids.workflow_id AND ${DIFFERS}`,
    [workflowIds],
  );
  return (inserted ?? 0) + (updated ?? 0);
}
