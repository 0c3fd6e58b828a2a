/** The ledger, `executed_intents`: which intents have had their effect, and with what outcome (ADR 0003). */
import type { Command, EffectOutcome, Ledger, LedgerRecord } from '../intents/ports.js';
import { EffectError } from '../intents/failure.js';
import { isoUtc } from './instant.js';
import { type Pool, type Transaction, withTransaction } from './pool.js';

const RECORD = `intent_id, intent_type, encode(payload_hash, 'hex') AS payload_hash, execution_id,
  outcome AS result, ${isoUtc('settled_at')} AS settled_at`;

/** What a claim found, in the order of the commands. */
export interface Claim<P, R> {
  /** Commands whose effect is to be carried out now, in this transaction, each with the result promised for it. */
  readonly claimed: readonly { readonly command: Command<P>; readonly result: R }[];
  /** Every command's outcome, provided that the claimed ones are carried out. */
  outcomes(): EffectOutcome<R>[];
  /** Changes the result of claimed commands, here and in the ledger, for what only the effect could tell. */
  amend(results: ReadonlyMap<string, R>): Promise<void>;
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
  const first = firstOccurrences(commands);
  const results = new Map([...first].map(([id, command]) => [id, resultOf(command)]));
  const settled = await insert(
    tx,
    [...first].map(([id, command]) => ({ ...command, intent_type: intentType, result: results.get(id) as R })),
  );
  // A second statement: one that was made to wait by another transaction does not see, in its own snapshot, what that wrote.
  const known = await find(tx, [...first.keys()].filter((id) => !settled.has(id)));

  function outcomeOf(command: Command<P>): EffectOutcome<R> {
    const settledAt = settled.get(command.intent_id);
    const winner = first.get(command.intent_id) as Command<P>;
    const record = known.get(command.intent_id);
    if (settledAt === undefined && record === undefined) {
      throw new EffectError('transient', `ledger: intent ${command.intent_id} was removed while it was being claimed`);
    }
    const { payload_hash, execution_id } = record ?? winner;
    const settled_at = record?.settled_at ?? (settledAt as string);
    if (payload_hash !== command.payload_hash) return conflict(command, { payload_hash, execution_id, settled_at });
    const result = (record?.result ?? results.get(command.intent_id)) as R;
    return { ok: true, result, settled_at, repeated: record !== undefined || command !== winner };
  }

  return {
    claimed: [...first].flatMap(([id, command]) =>
      settled.has(id) ? [{ command, result: results.get(id) as R }] : [],
    ),
    outcomes: () => commands.map(outcomeOf),
    amend: async (changed) => {
      if (changed.size === 0) return;
      for (const [id, result] of changed) results.set(id, result);
      await tx.query(
        `UPDATE executed_intents SET outcome = changed.outcome::jsonb
         FROM unnest($1::uuid[], $2::text[]) AS changed (intent_id, outcome)
         WHERE executed_intents.intent_id = changed.intent_id`,
        [[...changed.keys()], [...changed.values()].map((result) => JSON.stringify(result))],
      );
    },
  };
}

/** The ledger for effects that cannot share a transaction with it. */
export const createLedger = (pool: Pool): Ledger => ({
  find: (intentIds) => withTransaction(pool, (tx) => find(tx, intentIds)),
  record: (records) =>
    withTransaction(pool, async (tx) => {
      await insert(tx, records);
    }),
});

async function find(tx: Transaction, intentIds: readonly string[]): Promise<Map<string, LedgerRecord>> {
  if (intentIds.length === 0) return new Map();
  const { rows } = await tx.query<LedgerRecord>(
    `SELECT ${RECORD} FROM executed_intents WHERE intent_id = ANY ($1::uuid[])`,
    [intentIds],
  );
  return new Map(rows.map((row) => [row.intent_id, row]));
}

/** Inserts what is new; answers with its ids and times. Sorted, or two batches that share ids would deadlock. */
async function insert(
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

/** An id may come twice in a batch: the first one is carried out, the others repeat it or conflict with it. */
function firstOccurrences<P>(commands: readonly Command<P>[]): Map<string, Command<P>> {
  const first = new Map<string, Command<P>>();
  for (const command of commands) if (!first.has(command.intent_id)) first.set(command.intent_id, command);
  return first;
}

function conflict<P>(
  command: Command<P>,
  winner: Pick<LedgerRecord, 'payload_hash' | 'execution_id' | 'settled_at'>,
): EffectOutcome<never> {
  const short = (hash: string) => hash.slice(0, 12);
  return {
    ok: false,
    error:
      `intent_id ${command.intent_id} was already executed with another payload: ${short(winner.payload_hash)} at ` +
      `${winner.settled_at} by execution ${winner.execution_id}, now ${short(command.payload_hash)}`,
    settled_at: new Date().toISOString(),
  };
}
