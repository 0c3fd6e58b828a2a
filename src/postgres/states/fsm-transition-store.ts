/**
 * This adapter appends transitions to `fsm_transitions`. The database gives them their version and keeps `fsm_states`
 * (migration 0025).
 */
import { v7 as uuidv7 } from 'uuid';
import type { PersistFsmTransitionPayload } from '../../domain/intents/persist-fsm-transition/schema.js';
import type { Command, EffectOutcome } from '../../domain/intents/command.js';
import type { FsmTransitionFields, FsmTransitionStore } from '../../domain/intents/persist-state/store.js';
import { createExecutor } from '../core/executor.js';
import type { GroupCommitOptions } from '../../flow-control/group-commit.js';
import { claim, IS_NEW, type Promised } from '../ledger/ledger.js';
import type { Pool, Transaction } from '../core/pool.js';

type TransitionCommand = Command<PersistFsmTransitionPayload>;

const INTENT_TYPE = 'PersistFSMTransition';

export const createFsmTransitionStore = (pool: Pool, options: GroupCommitOptions = {}): FsmTransitionStore => ({
  insert: createExecutor(pool, { tables: 'fsm_transitions, fsm_states, executed_intents', lockFree, execute }, options),
});

async function execute(
  tx: Transaction,
  batch: readonly TransitionCommand[],
): Promise<EffectOutcome<FsmTransitionFields>[]> {
  const claimed = await claim(tx, INTENT_TYPE, batch, resultOf);
  const inserted = await insertRows(tx, claimed.claimed);
  const duplicates = claimed.claimed.filter(({ command }) => !inserted.has(command.intent_id));
  await claimed.amend(await existingTransitions(tx, duplicates));
  return claimed.outcomes();
}

/** Locks the states of the workflows, as the trigger does that moves them forward. */
async function lockFree(tx: Transaction, batch: readonly TransitionCommand[]): Promise<readonly string[]> {
  const { rows } = await tx.query<{ intent_id: string }>(
    `WITH wanted AS MATERIALIZED (
       SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS wanted (intent_id, workflow_id)
     ), free AS MATERIALIZED (
       SELECT workflow_id FROM fsm_states WHERE workflow_id IN (SELECT workflow_id FROM wanted)
       ORDER BY workflow_id FOR NO KEY UPDATE SKIP LOCKED
     ), locked AS (
       SELECT workflow_id FROM fsm_states WHERE workflow_id IN (SELECT workflow_id FROM wanted)
       EXCEPT SELECT workflow_id FROM free
     )
     SELECT intent_id FROM wanted JOIN locked USING (workflow_id) WHERE ${IS_NEW}`,
    [batch.map(({ intent_id }) => intent_id), batch.map(({ payload }) => payload.workflow_id)],
  );
  return rows.map(({ intent_id }) => intent_id);
}

type Row = Promised<PersistFsmTransitionPayload, FsmTransitionFields>;

/**
 * Returns the result that a transition will have. Its id is a random UUIDv7: in time order it keeps the primary key's
 * hot pages few. An id derived from the intent would not guard anything the ledger does not. With the ledger's row gone
 * it would collide only after the trigger had its effect.
 */
const resultOf = ({ payload }: TransitionCommand): FsmTransitionFields => ({
  workflow_id: payload.workflow_id,
  transition_id: uuidv7(),
  from_state: payload.previous_state ?? payload.transition_record?.from_state ?? null,
  to_state: payload.current_state,
  duplicate: false,
});

const happenedAt = (payload: PersistFsmTransitionPayload): string | null =>
  payload.transition_record?.timestamp ?? payload.timestamp ?? null;

/** Returns `transition_data`. The history is left out: it repeats the table. */
const dataOf = ({ metadata, transition_record, timestamp }: PersistFsmTransitionPayload): string =>
  JSON.stringify({
    metadata: { ...transition_record?.metadata, ...metadata },
    ...(transition_record == null ? {} : { transition_record }),
    timestamp: timestamp ?? null,
  });

/** @returns intent ids of the rows that were inserted; the others are duplicates. */
async function insertRows(tx: Transaction, rows: readonly Row[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const { rows: inserted } = await tx.query<{ intent_id: string }>(
    // Rows are inserted by workflow, so that two batches lock fsm_states in one order. Inside a workflow they keep the
    // order of the batch.
    `INSERT INTO fsm_transitions (id, entity_id, entity_type, from_state, to_state, transition_event, transition_data,
       intent_id, transition_count, transition_at)
     SELECT id, entity_id, 'workflow_execution', from_state, to_state, event, data::jsonb, intent_id, count, at
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bigint[],
       $9::timestamptz[]) WITH ORDINALITY
       AS added (id, entity_id, from_state, to_state, event, data, intent_id, count, at, position)
     ORDER BY entity_id, position
     ON CONFLICT (entity_id, epoch, transition_count, coalesce(from_state, ''), to_state) WHERE intent_id IS NOT NULL
       DO NOTHING
     RETURNING intent_id`,
    [
      rows.map(({ result }) => result.transition_id),
      rows.map(({ result }) => result.workflow_id),
      rows.map(({ result }) => result.from_state),
      rows.map(({ result }) => result.to_state),
      rows.map(({ command }) => command.payload.transition_record?.trigger ?? 'unknown'),
      rows.map(({ command }) => dataOf(command.payload)),
      rows.map(({ command }) => command.intent_id),
      rows.map(({ command }) => command.payload.transition_count ?? null),
      rows.map(({ command }) => happenedAt(command.payload)),
    ],
  );
  return new Set(inserted.map(({ intent_id }) => intent_id));
}

/**
 * Returns the results of duplicates, which name the transition that is there. Its epoch is not known here, as the row
 * that had it was not inserted. Among the candidates of all epochs it is the one of the same time, else the newest.
 */
async function existingTransitions(tx: Transaction, duplicates: readonly Row[]): Promise<Row[]> {
  if (duplicates.length === 0) return [];
  const { rows } = await tx.query<{ intent_id: string; id: string }>(
    `SELECT duplicate.intent_id, existing.id
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
       AS duplicate (intent_id, entity_id, count, from_state, to_state, at)
     CROSS JOIN LATERAL (
       SELECT t.id FROM fsm_transitions t
       WHERE t.entity_id = duplicate.entity_id AND t.transition_count = duplicate.count AND t.intent_id IS NOT NULL
         AND coalesce(t.from_state, '') = coalesce(duplicate.from_state, '') AND t.to_state = duplicate.to_state
       ORDER BY (t.transition_at IS NOT DISTINCT FROM duplicate.at) DESC, t.epoch DESC
       LIMIT 1
     ) AS existing`,
    [
      duplicates.map(({ command }) => command.intent_id),
      duplicates.map(({ result }) => result.workflow_id),
      duplicates.map(({ command }) => command.payload.transition_count ?? null),
      duplicates.map(({ result }) => result.from_state),
      duplicates.map(({ result }) => result.to_state),
      duplicates.map(({ command }) => happenedAt(command.payload)),
    ],
  );
  const existing = new Map(rows.map((row) => [row.intent_id, row.id]));
  return duplicates.map(({ command, result }) => ({
    command,
    result: { ...result, transition_id: existing.get(command.intent_id) ?? result.transition_id, duplicate: true },
  }));
}
