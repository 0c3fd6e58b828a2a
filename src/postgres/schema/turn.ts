/** This module lets one run of the migrations go after the other, and says for which one it waits. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** Advisory lock of a run; not the library's own, which another service's migrations may have. */
const LOCK = 62_741_186;

/** Milliseconds between two questions whether the run before has ended. */
const TURN_MS = 250;

/** Milliseconds after which a wait is said first, and again. A run without much to do ends within seconds. */
const SAID_MS = { first: 5_000, again: 60_000 };

/** The session of the run before. PostgreSQL shows some of it to members of its role only, and null to others. */
export interface RunBefore {
  readonly pid: number;
  /** Whether it works: `active`, or `idle in transaction`, for example. */
  readonly state: string | null;
  readonly seconds: number | null;
}

/**
 * Waits for the run before this one, however long that takes. The session has the lock until it ends. A statement that
 * waits for the lock would be a transaction that the build of an index waits for, and both would wait for ever.
 * @param said called with the run before, while it goes on.
 */
export async function takeTurn(client: pg.Client, said?: (run: RunBefore) => void, saidMs = SAID_MS): Promise<void> {
  let next = performance.now() + saidMs.first;
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS taken`);
    if (rows[0]?.taken === true) return;
    if (said !== undefined && performance.now() >= next) {
      const run = await runBefore(client);
      if (run !== undefined) said(run);
      next = performance.now() + saidMs.again;
    }
    await delay(TURN_MS);
  }
}

/** Returns the run that has the lock; undefined when it has ended meanwhile. */
async function runBefore(client: pg.Client): Promise<RunBefore | undefined> {
  const { rows } = await client.query<RunBefore>(
    `SELECT pid, state, extract(epoch FROM clock_timestamp() - backend_start)::integer AS seconds
     FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = ${LOCK} AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows[0];
}
