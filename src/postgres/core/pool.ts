/** This module holds the connections to PostgreSQL: one pool a process, and the one way to run a transaction on it. */
import pTimeout from 'p-timeout';
import pg from 'pg';
import { POSTGRES_GRACE_MS, transactionMs } from '../../domain/time-outs.js';
import { driverSettings } from './client.js';
import { refusalOf } from './refusal.js';
import { failedToConnect, poolIsBusy, toEffectError } from './sqlstate.js';
import type { PostgresEndpoint } from '../../endpoints.js';

/** An observer hears what a pool does; times are in seconds. */
export interface PoolObserver {
  /** A checkout ended, with a connection or without; `used` connections of `max` are then in use. */
  checkedOut(seconds: number, used: number, max: number): void;
  /** A statement or a transaction ended, well or not; its time is from checkout to release. */
  ran(seconds: number): void;
}

export interface PoolOptions extends PostgresEndpoint {
  /** Connections kept open when idle; default 10 (docs/seed.md). */
  readonly min?: number;
  /** Connections at most; default 25, in the middle of 20 to 30 (docs/seed.md). */
  readonly max?: number;
  /** Milliseconds until the server cancels a statement; default 60,000 (docs/seed.md). */
  readonly statementTimeoutMs?: number;
  /**
   * Milliseconds to wait for a free connection, or for a new one; default 5,000. The library's default waits for ever.
   */
  readonly connectTimeoutMs?: number;
  /** Checkouts after which a connection is replaced; default 50,000 (docs/seed.md). */
  readonly maxUses?: number;
  /** The name shown in pg_stat_activity; default `bridge-store-effect`. */
  readonly applicationName?: string;
  readonly observer?: PoolObserver;
}

/** A pool has connections, and the settings that its transactions have to know. */
export interface Pool extends pg.Pool {
  readonly endpoint: PostgresEndpoint;
  /** Milliseconds after which the server cancels a statement. */
  readonly statementTimeoutMs: number;
  /** Milliseconds after which a transaction's connection is given up: statement time-out and grace. */
  readonly transactionDeadlineMs: number;
  readonly observer: PoolObserver | undefined;
  /** The pool's connections, also those that are in use. */
  readonly open: ReadonlySet<pg.PoolClient>;
  /** Why a connection of the pool was lost, whoever had it then; undefined while it is not. */
  lossOf(client: pg.PoolClient): Error | undefined;
}

/** @param onError hears of connections lost while idle; without a listener the loss would end the process. */
export function createPool(options: PoolOptions, onError: (error: Error) => void): Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 60_000;
  const max = options.max ?? 25;
  const pool = new pg.Pool({
    ...driverSettings(options),
    min: Math.min(options.min ?? 10, max),
    max,
    maxUses: options.maxUses ?? 50_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    // Through a pooler, each transaction has them (`beginOf`).
    ...(isPooled(options) ? {} : timeOuts(statementTimeoutMs)),
    application_name: options.applicationName ?? 'bridge-store-effect',
    types: { getTypeParser },
  });
  pool.on('error', onError);
  const open = new Set<pg.PoolClient>();
  const losses = new WeakMap<pg.PoolClient, Error>();
  pool.on('connect', (client) => {
    open.add(client);
    // The listener stays for the life of the connection, because an 'error' event without one ends the process. pg
    // listens only while a connection is idle, and the server may end it in the packet that says it is ready.
    client.on('error', (error) => losses.set(client, losses.get(client) ?? error));
  });
  pool.on('remove', (client) => open.delete(client));
  return Object.assign(pool, {
    endpoint: options,
    statementTimeoutMs,
    transactionDeadlineMs: transactionMs({ statementMs: statementTimeoutMs }),
    observer: options.observer,
    open,
    lossOf: (client: pg.PoolClient) => losses.get(client),
  });
}

const isPooled = ({ pooler }: PostgresEndpoint): boolean => pooler === 'transaction';

/** Returns the time-outs of a connection, or of a transaction, by PostgreSQL's names. */
const timeOuts = (statementTimeoutMs: number) => ({
  statement_timeout: statementTimeoutMs,
  // Locks of a worker that froze inside a transaction are free again after this long.
  idle_in_transaction_session_timeout: statementTimeoutMs,
});

/** Counts the connections that somebody has, or waits for while they are made. */
export const busyConnections = (pool: pg.Pool): number => pool.totalCount - pool.idleCount;

/**
 * Closes the pool.
 * @param graceMs milliseconds in which connections that are in use have to come back; default 5,000.
 * @throws when they do not. pg would wait for them for ever; they are closed instead.
 */
export async function endPool(pool: Pool, graceMs = POSTGRES_GRACE_MS): Promise<void> {
  await pTimeout(pool.end(), {
    milliseconds: graceMs,
    fallback: () => {
      for (const client of pool.open) client.end(() => undefined);
      throw new Error(
        `expected every connection to PostgreSQL back within ${graceMs} ms, ${busyConnections(pool)} were not`,
      );
    },
  });
}

/** Type id of BIGINT. */
const INT8 = 20;

/** Returns a BIGINT as a number where a number can hold it, else as the text it came in. */
const parseInt8 = (text: string): number | string => {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
};

const getTypeParser: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  (oid as number) === INT8 && format !== 'binary'
    ? parseInt8
    : (pg.types.getTypeParser(oid, format) as (text: string) => unknown);

/** A `Transaction` is the connection that a transaction runs on. */
export type Transaction = pg.ClientBase;

/**
 * Runs `work` between BEGIN and COMMIT (READ COMMITTED), and rolls back when it throws. The rest is as in
 * `withConnection`.
 * @param options.lockMs milliseconds a statement waits for a row; default: as long as it may take.
 */
export const withTransaction = <T>(
  pool: Pool,
  work: (tx: Transaction) => Promise<T>,
  { deadlineMs = pool.transactionDeadlineMs, lockMs }: { readonly deadlineMs?: number; readonly lockMs?: number } = {},
): Promise<T> =>
  withClientOf(
    pool,
    async (tx) => {
      await tx.query(beginOf(pool, lockMs));
      const result = await work(tx);
      await tx.query('COMMIT');
      return result;
    },
    deadlineMs,
    true,
  );

/**
 * Returns what begins a transaction, in one round trip. A database may have another default of isolation, under which
 * the second statement does not see what the first waited for.
 */
function beginOf({ endpoint, statementTimeoutMs }: Pool, lockMs: number | undefined): string {
  const local = {
    // A pooler hands the next transaction another session, and refuses time-outs as parameters of its own (ADR 0035).
    ...(isPooled(endpoint) ? timeOuts(statementTimeoutMs) : {}),
    ...(lockMs === undefined ? {} : { lock_timeout: lockMs }),
  };
  const settings = Object.entries(local).map(([name, ms]) => `SET LOCAL ${name} = ${ms}`);
  return ['BEGIN ISOLATION LEVEL READ COMMITTED', ...settings].join('; ');
}

/**
 * Runs `work`, which is one statement, on a connection of its own: it commits by itself, without two round trips more.
 * Through a pooler it is in a transaction, because its time-out has to be.
 * @param deadlineMs milliseconds after which the connection is given up; the pool's by default.
 * @throws EffectError always, whatever went wrong. Where the driver gives no code, the class follows from the step that
 * failed. No free connection is `transient`. A connection that could not be made, was lost or did not answer is
 * `unavailable`.
 */
export const withConnection = <T>(
  pool: Pool,
  work: (connection: Transaction) => Promise<T>,
  deadlineMs = pool.transactionDeadlineMs,
): Promise<T> =>
  isPooled(pool.endpoint) ? withTransaction(pool, work, { deadlineMs }) : withClientOf(pool, work, deadlineMs, false);

async function withClientOf<T>(
  pool: Pool,
  work: (connection: Transaction) => Promise<T>,
  deadlineMs: number,
  inTransaction: boolean,
): Promise<T> {
  const client = await checkOut(pool);
  const started = performance.now();
  let broken: Error | undefined;
  const lost = (): Error | undefined => broken ?? pool.lossOf(client);
  // statement_timeout is the server's; when the network swallows its answer, only this timer ends the wait.
  const deadline = setTimeout(() => {
    broken = new Error(`no answer within ${deadlineMs} ms`);
    release();
  }, deadlineMs);
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    clearTimeout(deadline);
    // A broken connection is destroyed, not given to the next one.
    client.release(lost());
    pool.observer?.ran(secondsSince(started));
  };
  try {
    return await work(client);
  } catch (error) {
    if (inTransaction && lost() === undefined) {
      await client.query('ROLLBACK').catch((cause: unknown) => {
        broken = new Error('no rollback', { cause });
      });
    }
    throw toEffectError(error, lost());
  } finally {
    release();
  }
}

async function checkOut(pool: Pool): Promise<pg.PoolClient> {
  // A full pool queues the request, so that only a time-out in the queue can fail it; else a connection is being made.
  const full = pool.idleCount === 0 && pool.totalCount >= pool.options.max;
  const started = performance.now();
  try {
    return await pool.connect();
  } catch (error) {
    // A time-out in the queue of a full pool is the one failure here without a code that is not one of connecting.
    throw full && !('code' in (error as object)) && refusalOf(pool.endpoint, error) === null
      ? poolIsBusy(pool.options.max, error)
      : failedToConnect(pool.endpoint, error);
  } finally {
    pool.observer?.checkedOut(secondsSince(started), busyConnections(pool), pool.options.max);
  }
}

const secondsSince = (started: number): number => (performance.now() - started) / 1_000;
