/**
 * This module has the time-outs that must fit into each other. What is inside has to end before what is around it gives
 * up, so that it can still say why. docs/time-outs.md is generated from here. All times are in milliseconds.
 */

/** An activity attempt at one store, until Temporal gives it up (start-to-close). */
export const STORE_ATTEMPT_MS = 90_000;
/** The same of an activity that asks PostgreSQL and then Kafka, each for as long as it may take. */
export const TWO_STORES_ATTEMPT_MS = 180_000;
/** The end of an attempt: what it has left to say why it failed, after its work was given up. */
export const ENDING_MS = 5_000;
/** The silence by which Temporal notices a dead worker (`workflows/policies.ts`). */
export const HEARTBEAT_TIMEOUT_MS = 20_000;
/** The pause between two heartbeats of an activity. Batches take milliseconds, so most attempts send none. */
export const HEARTBEAT_MS = 5_000;
/** The longest pause between two attempts. */
export const LONGEST_DELAY_MS = 30_000;
/** The time for which an execution has to be closed before it is swept. */
export const SWEEP_GRACE_MS = 120_000;

/** The time that the server gets, beyond its own time-out, to say that a statement timed out. */
export const POSTGRES_GRACE_MS = 5_000;
/** The transaction of a page of a redrive, which waits for a broker. */
export const REDRIVE_MS = 95_000;
/** The longest wait of a redrive for another one; then its attempt fails, and comes again. */
export const REDRIVE_LOCK_MS = 5_000;
/** A statement of a local activity. It reads some rows by their key, and is tried again soon. */
export const LOCAL_STATEMENT_MS = 4_500;
/** The local activity that plans a list or a slice. A slice takes two statements, one after the other. */
export const PLANNING_MS = 10_000;
/** The local activity that finds verdicts. */
export const VERDICTS_MS = 8_000;
/** The execution of a client's question for verdicts; then the client asks again. */
export const QUESTION_MS = 10_000;

/** A connection to a broker. */
export const KAFKA_CONNECT_MS = 5_000;
/** The time after which a consumer group takes a silent member for dead. */
export const SESSION_MS = 30_000;
/** The pause between two heartbeats to the consumer group. */
export const SESSION_HEARTBEAT_MS = 3_000;
/** The time in which members rejoin. More would help nobody, because nothing of ours blocks a rejoin. */
export const REBALANCE_MS = 30_000;
/** The silence after which the intake builds its consumer anew. */
export const STALL_MS = 90_000;

/** The time in which activities end that did not finish in the grace period, and are cancelled. */
export const FORCE_MS = 10_000;

/** The settings that the time-outs depend on. */
export interface TimeSettings {
  /** PG_CHECKOUT_TIMEOUT_MS. */
  readonly checkoutMs: number;
  /** PG_STATEMENT_TIMEOUT_MS. */
  readonly statementMs: number;
  /** KAFKA_TIMEOUT_SECONDS. */
  readonly requestMs: number;
  /** SHUTDOWN_GRACE_SECONDS. */
  readonly shutdownMs: number;
}

/**
 * Returns the time until a publish is given up, whatever kafkajs does. kafkajs repeats its connecting, each time for as
 * long as a request may take. There is room for a request in front of it, which it may have to wait for, and its own.
 */
export const publishMs = ({ requestMs }: Pick<TimeSettings, 'requestMs'>): number => 2 * requestMs + KAFKA_CONNECT_MS;

/** Returns the time until the work of an attempt is given up. */
export const workMs = (attemptMs: number): number => attemptMs - ENDING_MS;

/** Returns the time until the connection of a transaction is given up. */
export const transactionMs = ({ statementMs }: Pick<TimeSettings, 'statementMs'>): number =>
  statementMs + POSTGRES_GRACE_MS;

/** A time-out has a name and its milliseconds. */
type TimeOut = readonly [name: string, ms: number];

/** A nesting says which time-outs come one after the other inside of another. */
export interface Nesting {
  readonly inside: readonly TimeOut[];
  readonly around: TimeOut;
}

/** Returns all nestings under the given settings. */
export function nestingsOf(settings: TimeSettings): Nesting[] {
  const connection: TimeOut = ['wait for a connection (`PG_CHECKOUT_TIMEOUT_MS`)', settings.checkoutMs];
  const transaction: TimeOut = ['transaction', transactionMs(settings)];
  const publish: TimeOut = ['publish (twice `KAFKA_TIMEOUT_SECONDS`, and a connection)', publishMs(settings)];
  const work: TimeOut = ['work of an attempt at one store', workMs(STORE_ATTEMPT_MS)];
  const twoStores: TimeOut = ['work of an attempt at two stores', workMs(TWO_STORES_ATTEMPT_MS)];
  const attempt: TimeOut = ['attempt at one store (start-to-close)', STORE_ATTEMPT_MS];
  const redrive: TimeOut = ['transaction of a redrive', REDRIVE_MS];
  const session: TimeOut = ['session of the consumer group', SESSION_MS];
  const verdicts: TimeOut = ['search for verdicts (local activity)', VERDICTS_MS];
  const local: TimeOut = ['statement of a local activity', LOCAL_STATEMENT_MS];
  const ending: TimeOut = ['end of the attempt', ENDING_MS];
  return [
    { inside: [['statement (`PG_STATEMENT_TIMEOUT_MS`)', settings.statementMs]], around: transaction },
    { inside: [connection, transaction], around: work },
    { inside: [publish], around: work },
    { inside: [work, ending], around: attempt },
    { inside: [['wait for another redrive', REDRIVE_LOCK_MS], publish, ['rows', 15_000]], around: redrive },
    { inside: [connection, redrive], around: twoStores },
    { inside: [connection, transaction, publish], around: twoStores },
    { inside: [twoStores, ending], around: ['attempt at two stores (start-to-close)', TWO_STORES_ATTEMPT_MS] },
    { inside: [['three heartbeats', 3 * HEARTBEAT_MS]], around: ['heartbeat time-out', HEARTBEAT_TIMEOUT_MS] },
    {
      inside: [attempt, ['clocks, and visibility that lags', 30_000]],
      around: ['pause before an execution is swept', SWEEP_GRACE_MS],
    },
    { inside: [local, local], around: ['planning (local activity)', PLANNING_MS] },
    { inside: [local], around: verdicts },
    { inside: [verdicts], around: ["client's question for verdicts", QUESTION_MS] },
    { inside: [['three heartbeats to the group', 3 * SESSION_HEARTBEAT_MS]], around: session },
    {
      inside: [session, ['rebalance', REBALANCE_MS]],
      around: ['silence of a consumer that is built anew', STALL_MS],
    },
    {
      inside: [
        ['intake (half of `SHUTDOWN_GRACE_SECONDS`)', settings.shutdownMs / 2],
        ['activities (`SHUTDOWN_GRACE_SECONDS`)', settings.shutdownMs],
        ['activities that are cancelled', FORCE_MS],
        ['connections that are closed', POSTGRES_GRACE_MS],
      ],
      around: ['stop of a process, as its supervisor waits', supervisorMs(settings)],
    },
  ];
}

/** Returns the time that the supervisor of a process has to wait for its end. */
export const supervisorMs = ({ shutdownMs }: Pick<TimeSettings, 'shutdownMs'>): number => 1.5 * shutdownMs + 20_000;

/** Returns the milliseconds that the time-outs inside take together. */
export const insideMs = ({ inside }: Nesting): number => inside.reduce((sum, [, ms]) => sum + ms, 0);

/** Returns whether the time-outs inside end before the one around them. */
export const fits = (nesting: Nesting): boolean => insideMs(nesting) <= nesting.around[1];
