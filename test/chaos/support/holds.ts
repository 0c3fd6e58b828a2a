/**
 * Holds are points where a worker is stopped without sleeps: its own statements wait on advisory locks that the test
 * takes. Triggers of the test ask for the locks, in the database of the installation only. While nobody has a lock, the
 * triggers let everything pass. A held worker waits without end, because the lock time-out of its transactions is off
 * there.
 */
import pg from 'pg';
import { until } from '../../../src/flow-control/until.js';

/** The points by name. Each number is the key of the advisory lock. */
const HOLDS = {
  /** Point in the transaction of a PostgreSQL effect, with nothing written yet. */
  beforeEffect: 1,
  /**
   * Point in the COMMIT of an effect: everything is written, and the worker has nothing left to send. The answer is all
   * that is missing.
   */
  atCommit: 2,
  /** Point after a publish: the broker has acknowledged the events, and the ledger does not have them yet. */
  afterPublish: 3,
} as const;
export type Hold = keyof typeof HOLDS;

const TRIGGERS = `
  CREATE FUNCTION chaos_hold() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint);
    RETURN NEW;
  END $$;
  CREATE TRIGGER chaos_before BEFORE INSERT ON executed_intents FOR EACH ROW
    WHEN (NEW.intent_type <> 'PublishEvent') EXECUTE FUNCTION chaos_hold(${HOLDS.beforeEffect});
  CREATE CONSTRAINT TRIGGER chaos_commit AFTER INSERT ON executed_intents DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.intent_type <> 'PublishEvent') EXECUTE FUNCTION chaos_hold(${HOLDS.atCommit});
  CREATE TRIGGER chaos_publish BEFORE INSERT ON executed_intents FOR EACH ROW
    WHEN (NEW.intent_type = 'PublishEvent') EXECUTE FUNCTION chaos_hold(${HOLDS.afterPublish});`;

export const installHolds = async (pool: pg.Pool): Promise<void> => {
  await pool.query(TRIGGERS);
};

export interface Held {
  /** Returns once a worker's backend waits. */
  reached(): Promise<void>;
  /** Releases the lock, and is safe to repeat. A server that was restarted has released the lock already. */
  release(): Promise<void>;
}

export async function hold(databaseUrl: string, point: Hold): Promise<Held> {
  const holder = new pg.Client(databaseUrl);
  // The server may be killed under this connection.
  holder.on('error', () => undefined);
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock($1)', [HOLDS[point]]);
  return {
    reached: () =>
      until(60_000, async () => {
        const { rows } = await holder.query<{ waiting: number }>(
          `SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`,
        );
        if (rows[0]?.waiting === 0) throw new Error(`no worker has come to "${point}"`);
      }),
    release: () => holder.end().catch(() => undefined),
  };
}
