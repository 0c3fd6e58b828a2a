/** The ledger, `executed_intents`: which intents have had their effect, and with what outcome (ADR 0003). */
import type { Command, EffectOutcome, Ledger, LedgerRecord } from '../intents/ports.js';
import { EffectError } from '../intents/failure.js';
import { groupCommit, type GroupCommitOptions } from '../batching/group-commit.js';
import { repeatOf } from '../intents/repeat.js';
import { isoUtc } from './instant.js';
import { type Pool, type Transaction, withConnection } from './pool.js';

const RECORD = `intent_id, intent_type, encode(payload_hash, 'hex') AS payload_hash, execution_id,
  outcome AS result, ${isoUtc('settled_at')} AS settled_at`;

/** A command and the result it has once it is carried out. */
export interface Promised<P, R> {
  readonly command: Command<P>;
  readonly result: R;
}

/** What a claim found. */
export interface Claim<P, R> {
  /** Commands to carry out now, in this transaction. */
  readonly claimed: readonly Promised<P, R>[];
  /** Every command's outcome, in their order, provided that the claimed ones are carried out. */
  outcomes(): EffectOutcome<R>[];
  /** Replaces results of claimed commands, here and in the ledger, by what only the effect could tell. */
  amend(changed: readonly Promised<P, R>[]): Promise<void>;
}

/**
 * Claims commands for `tx`: those the ledger does not have are written to it, the others get the outcome it has. A
 * command that another transaction is claiming waits for the end of that one.
 * @param resultOf the result a command will have once it is carried out.
 */
export async function claim<P, R extends object>(
  tx: Transaction,
  intentType: string,
  commands: readonly Command<P>[],
  resultOf: (command: Command<P>) => R,
): Promise<Claim<P, R>> {
  const first = new Map<string, Promised<P, R>>();
  // An id may come twice in a batch: the first one is carried out, the others repeat it or conflict with it.
  for (const command of commands) {
    if (!first.has(command.intent_id)) first.set(command.intent_id, { command, result: resultOf(command) });
  }
  const settled = await insertRecords(
    tx,
    [...first.values()].map(({ command, result }) => ({ ...command, intent_type: intentType, result })),
  );
  // A second statement: one that was made to wait by another transaction does not see, in its own snapshot, what that wrote.
  const known = await find(
    tx,
    [...first.keys()].filter((id) => !settled.has(id)),
  );

  function outcomeOf(command: Command<P>): EffectOutcome<R> {
    const id = command.intent_id;
    const [promised, settledAt, record] = [first.get(id), settled.get(id), known.get(id)];
    // A retry of the same execution has not announced the effect yet, as its first attempt never answered: no repeat.
    if (record !== undefined)
      return repeatOf(command, record, record.result as R, record.execution_id !== command.execution_id);
    if (promised === undefined || settledAt === undefined) {
      throw new EffectError('transient', `ledger: intent ${id} was removed while it was being claimed`);
    }
    const { command: winner, result } = promised;
    return command === winner
      ? { ok: true, result, settled_at: settledAt, repeated: false }
      : repeatOf(command, { ...winner, settled_at: settledAt }, result, true);
  }

  return {
    claimed: [...first.values()].filter(({ command }) => settled.has(command.intent_id)),
    outcomes: () => commands.map(outcomeOf),
    amend: async (changed) => {
      if (changed.length === 0) return;
      for (const promised of changed) first.set(promised.command.intent_id, promised);
      await tx.query(
        `UPDATE executed_intents SET outcome = changed.outcome::jsonb
         FROM unnest($1::uuid[], $2::text[]) AS changed (intent_id, outcome)
         WHERE executed_intents.intent_id = changed.intent_id`,
        [changed.map(({ command }) => command.intent_id), changed.map(({ result }) => JSON.stringify(result))],
      );
    },
  };
}

/** The ledger for effects that cannot share a transaction with it. */
export function createLedger(pool: Pool, options: GroupCommitOptions = {}): Ledger {
  // Nothing to ask needs no database (`groupCommit` answers at once): announcing its outage must not fail for it.
  const findTogether = groupCommit<string, LedgerRecord | undefined>(async (ids) => {
    const found = await withConnection(pool, (connection) => find(connection, ids));
    return ids.map((id) => found.get(id));
  }, options);
  const recordTogether = groupCommit<Omit<LedgerRecord, 'settled_at'>, undefined>(async (records) => {
    await withConnection(pool, (connection) => insertRecords(connection, records));
    return records.map(() => undefined);
  }, options);
  return {
    async find(intentIds) {
      const records = await findTogether(intentIds);
      return new Map(records.flatMap((record) => (record === undefined ? [] : [[record.intent_id, record] as const])));
    },
    async record(records) {
      await recordTogether(records);
    },
  };
}

async function find(tx: Transaction, intentIds: readonly string[]): Promise<Map<string, LedgerRecord>> {
  if (intentIds.length === 0) return new Map();
  const { rows } = await tx.query<LedgerRecord>(
    `SELECT ${RECORD} FROM executed_intents WHERE intent_id = ANY ($1::uuid[])`,
    [intentIds],
  );
  return new Map(rows.map((row) => [row.intent_id, row]));
}

/** Inserts what is new; answers with its ids and times. Sorted, or two batches that share ids would deadlock. */
export async function insertRecords(
  tx: Transaction,
  records: readonly (Omit<LedgerRecord, 'settled_at' | 'result'> & { readonly result: object })[],
): Promise<Map<string, string>> {
  if (records.length === 0) return new Map();
  const { rows } = await tx.query<{ intent_id: string; settled_at: string }>(
    `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome)
     SELECT intent_id, intent_type, decode(payload_hash, 'hex'), execution_id, outcome::jsonb
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
       AS record (intent_id, intent_type, payload_hash, execution_id, outcome)
     ORDER BY intent_id
     ON CONFLICT (intent_id) DO NOTHING
     RETURNING intent_id, ${isoUtc('settled_at')} AS settled_at`,
    [
      records.map((record) => record.intent_id),
      records.map((record) => record.intent_type),
      records.map((record) => record.payload_hash),
      records.map((record) => record.execution_id),
      records.map((record) => JSON.stringify(record.result)),
    ],
  );
  return new Map(rows.map((row) => [row.intent_id, row.settled_at]));
}
