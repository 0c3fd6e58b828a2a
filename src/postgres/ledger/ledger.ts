/** The ledger, `executed_intents`, says which intents have had their effect, and with which result (ADR 0003). */
import type { Command, EffectOutcome } from '../../domain/intents/command.js';
import type { GivenUp, Ledger, LedgerRecord } from '../../domain/ledger/port.js';
import { EffectError } from '../../domain/failures/failure.js';
import { groupCommit, type GroupCommitOptions } from '../../flow-control/group-commit.js';
import { repeatOf } from '../../domain/ledger/repeat.js';
import { isoUtc } from '../core/instant.js';
import { type Pool, type Transaction, withConnection } from '../core/pool.js';

const RECORD = `intent_id, intent_type, encode(payload_hash, 'hex') AS payload_hash, execution_id,
  outcome AS result, ${isoUtc('settled_at')} AS settled_at`;

/** SQL that is true of a row of `wanted` whose intent has not had its effect. */
export const IS_NEW = `NOT EXISTS (
  SELECT FROM executed_intents AS executed WHERE executed.intent_id = wanted.intent_id AND given_up_by IS NULL)`;

/** A taken record is a row whose id is taken: by an effect, or by executions that gave the intent up. */
interface TakenRecord extends LedgerRecord {
  readonly given_up_by: readonly string[] | null;
}

/** A promised command has the result that it will have once it is executed. */
export interface Promised<P, R> {
  readonly command: Command<P>;
  readonly result: R;
}

/** A claim is the ledger's answer about the commands of a batch. */
export interface Claim<P, R> {
  /** Commands to execute now, in this transaction. */
  readonly claimed: readonly Promised<P, R>[];
  /** Returns the replies to all commands, in their order, provided that the claimed ones are executed. */
  outcomes(): EffectOutcome<R>[];
  /** Replaces results of claimed commands, here and in the ledger, by what only the effect could tell. */
  amend(changed: readonly Promised<P, R>[]): Promise<void>;
}

/**
 * Claims commands for `tx`. Commands that the ledger does not have are written to it, and the others get the reply it
 * has. A command that another transaction is claiming waits for the end of that transaction.
 * @param resultOf the result that a command will have once it is executed.
 */
export async function claim<P, R extends object>(
  tx: Transaction,
  intentType: string,
  commands: readonly Command<P>[],
  resultOf: (command: Command<P>) => R,
): Promise<Claim<P, R>> {
  const first = new Map<string, Promised<P, R>>();
  // An id may come twice in a batch: the first one is executed, the others repeat it or conflict with it.
  for (const command of commands) {
    if (!first.has(command.intent_id)) first.set(command.intent_id, { command, result: resultOf(command) });
  }
  const inserted = await insertRecords(
    tx,
    [...first.values()].map(({ command, result }) => ({ ...command, intent_type: intentType, result })),
  );
  const missing = () => [...first.keys()].filter((id) => !inserted.has(id));
  // This is a second statement, because the first may have waited for another transaction. The snapshot of the first
  // does not show what that transaction wrote.
  let taken = await findTaken(tx, missing());
  const givenUp = [...taken.values()].filter((row) => row.given_up_by !== null && !isFenced(row));
  if (givenUp.length > 0) {
    const promised = givenUp.flatMap(({ intent_id }) => first.get(intent_id) ?? []);
    for (const [id, recordedAt] of await takeOver(tx, promised)) inserted.set(id, recordedAt);
    taken = await findTaken(tx, missing());
  }

  /**
   * Returns whether this execution has reported the intent as failed: an attempt that comes after that must not change
   * it.
   */
  function isFenced({ intent_id, given_up_by }: TakenRecord): boolean {
    return given_up_by?.includes(first.get(intent_id)?.command.execution_id ?? '') ?? false;
  }

  function outcomeOf(command: Command<P>): EffectOutcome<R> {
    const id = command.intent_id;
    const [promised, recordedAt, record] = [first.get(id), inserted.get(id), taken.get(id)];
    if (record !== undefined && record.given_up_by !== null) {
      return { ok: false, ...(record.result as unknown as Tombstone), settled_at: record.settled_at };
    }
    // A retry of the same execution is no repeat: it has not announced the effect yet, as its first attempt never
    // answered.
    if (record !== undefined)
      return repeatOf(command, record, record.result as R, record.execution_id !== command.execution_id);
    if (promised === undefined || recordedAt === undefined) {
      throw new EffectError('transient', `ledger: intent ${id} was removed while it was being claimed`);
    }
    const { command: winner, result } = promised;
    return command === winner
      ? { ok: true, result, settled_at: recordedAt, repeated: false }
      : repeatOf(command, { ...winner, settled_at: recordedAt }, result, true);
  }

  return {
    claimed: [...first.values()].filter(({ command }) => inserted.has(command.intent_id)),
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

/** Creates the ledger for effects that cannot share a transaction with it. */
export function createLedger(pool: Pool, options: GroupCommitOptions = {}): Ledger {
  // An empty list of ids asks no database (`groupCommit` answers at once): announcing the database's outage must not
  // fail for it.
  const findTogether = groupCommit<string, LedgerRecord | undefined>(async (ids) => {
    const found = await withConnection(pool, (connection) => find(connection, ids));
    return ids.map((id) => found.get(id));
  }, options);
  const recordTogether = groupCommit<Omit<LedgerRecord, 'settled_at'>, LedgerRecord | undefined>(
    (records) => withConnection(pool, (connection) => recordFirst(connection, records)),
    options,
  );
  const giveUpTogether = groupCommit<GivenUp, LedgerRecord | undefined>(async (intents) => {
    const known = await withConnection(pool, (connection) => giveUp(connection, intents));
    return intents.map(({ intent_id }) => known.get(intent_id));
  }, options);
  const byId = (records: readonly (LedgerRecord | undefined)[]) =>
    new Map(records.flatMap((record) => (record === undefined ? [] : [[record.intent_id, record] as const])));
  return {
    find: async (intentIds) => byId(await findTogether(intentIds)),
    record: async (records) => byId(await recordTogether(records)),
    giveUp: async (intents) => byId(await giveUpTogether(intents)),
  };
}

/** Records results that are new. @returns for each record the row that was there before it, if any. */
export async function recordFirst(
  connection: Transaction,
  records: readonly Omit<LedgerRecord, 'settled_at'>[],
): Promise<(LedgerRecord | undefined)[]> {
  // Two executions that share an id may share the transaction.
  const first = new Map<string, Omit<LedgerRecord, 'settled_at'>>();
  for (const record of records) if (!first.has(record.intent_id)) first.set(record.intent_id, record);
  const written = await insertRecords(connection, [...first.values()]);
  const isWritten = (record: Omit<LedgerRecord, 'settled_at'>): boolean =>
    written.has(record.intent_id) && first.get(record.intent_id) === record;
  const late = records.filter((record) => !isWritten(record));
  const found = await find(
    connection,
    late.map(({ intent_id }) => intent_id),
  );
  return records.map((record) => (isWritten(record) ? undefined : found.get(record.intent_id)));
}

/** Finds the rows of intents that had their effect. */
async function find(tx: Transaction, intentIds: readonly string[]): Promise<Map<string, LedgerRecord>> {
  const taken = await findTaken(tx, intentIds);
  return new Map([...taken].filter(([, { given_up_by }]) => given_up_by === null));
}

async function findTaken(tx: Transaction, intentIds: readonly string[]): Promise<Map<string, TakenRecord>> {
  if (intentIds.length === 0) return new Map();
  const { rows } = await tx.query<TakenRecord>(
    `SELECT ${RECORD}, given_up_by FROM executed_intents WHERE intent_id = ANY ($1::uuid[])`,
    [intentIds],
  );
  return new Map(rows.map((row) => [row.intent_id, row]));
}

/** A tombstone's `outcome` says why the intent failed that was given up. */
type Tombstone = Pick<GivenUp, 'error' | 'error_code'>;

/**
 * Takes over, for these commands, ids that other executions gave up.
 * @returns the times of the ids that were taken over: another execution may be faster.
 */
async function takeOver(tx: Transaction, promised: readonly Promised<unknown, object>[]): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ intent_id: string; settled_at: string }>(
    `UPDATE executed_intents SET given_up_by = NULL, payload_hash = decode(taker.payload_hash, 'hex'),
       execution_id = taker.execution_id, outcome = taker.outcome::jsonb, settled_at = clock_timestamp()
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS taker (intent_id, payload_hash, execution_id, outcome)
     WHERE executed_intents.intent_id = taker.intent_id AND given_up_by IS NOT NULL
       AND NOT taker.execution_id = ANY (given_up_by)
     RETURNING executed_intents.intent_id, ${isoUtc('settled_at')} AS settled_at`,
    [
      promised.map(({ command }) => command.intent_id),
      promised.map(({ command }) => command.payload_hash),
      promised.map(({ command }) => command.execution_id),
      promised.map(({ result }) => JSON.stringify(result)),
    ],
  );
  return new Map(rows.map((row) => [row.intent_id, row.settled_at]));
}

async function giveUp(tx: Transaction, intents: readonly GivenUp[]): Promise<Map<string, LedgerRecord>> {
  const ids = intents.map(({ intent_id }) => intent_id);
  await tx.query(
    // A row that is being written makes this statement wait for its end. A row that was given up before, or that two
    // executions of the same batch give up, is given up by all of them.
    `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome, given_up_by)
     SELECT intent_id, (array_agg(intent_type ORDER BY n))[1], decode((array_agg(payload_hash ORDER BY n))[1], 'hex'),
       (array_agg(execution_id ORDER BY n))[1], (array_agg(outcome ORDER BY n))[1]::jsonb, array_agg(DISTINCT execution_id)
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
       WITH ORDINALITY AS given_up (intent_id, intent_type, payload_hash, execution_id, outcome, n)
     GROUP BY intent_id ORDER BY intent_id
     ON CONFLICT (intent_id) DO UPDATE SET given_up_by = executed_intents.given_up_by || EXCLUDED.given_up_by
       WHERE executed_intents.given_up_by IS NOT NULL AND NOT executed_intents.given_up_by @> EXCLUDED.given_up_by`,
    [
      ids,
      intents.map(({ intent_type }) => intent_type),
      intents.map(({ payload_hash }) => payload_hash),
      intents.map(({ execution_id }) => execution_id),
      intents.map(({ error, error_code }): string => JSON.stringify({ error, error_code } satisfies Tombstone)),
    ],
  );
  return find(tx, ids);
}

/**
 * Inserts new records, and returns their ids with their times. They are sorted, or two batches that share ids would
 * deadlock.
 */
async function insertRecords(
  tx: Transaction,
  records: readonly (Omit<LedgerRecord, 'settled_at' | 'result'> & { readonly result: object })[],
): Promise<Map<string, string>> {
  if (records.length === 0) return new Map();
  const { rows } = await tx.query<{ intent_id: string; settled_at: string }>(
    `INSERT INTO executed_intents (intent_id, intent_type, payload_hash, execution_id, outcome)
     SELECT intent_id, intent_type, decode(payload_hash, 'hex'), execution_id, outcome::jsonb
     FROM ROWS FROM (unnest($1::uuid[], $2::text[], $3::text[], $4::text[]), json_array_elements($5::json))
       AS record (intent_id, intent_type, payload_hash, execution_id, outcome)
     ORDER BY intent_id
     ON CONFLICT (intent_id) DO NOTHING
     RETURNING intent_id, ${isoUtc('settled_at')} AS settled_at`,
    [
      records.map((record) => record.intent_id),
      records.map((record) => record.intent_type),
      records.map((record) => record.payload_hash),
      records.map((record) => record.execution_id),
      // The results are one text: in an array of texts every quote of every outcome is escaped once more.
      JSON.stringify(records.map((record) => record.result)),
    ],
  );
  return new Map(rows.map((row) => [row.intent_id, row.settled_at]));
}
