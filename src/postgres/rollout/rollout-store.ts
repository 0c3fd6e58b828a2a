/** This adapter reads and writes the rollout's tables (migrations 0014, 0017). */
import type { Path } from '../../domain/rollout/observation.js';
import type { RolloutChange, RolloutState, RolloutStore, RoutedObservation, Route } from '../../domain/rollout/port.js';
import { bucketsOf } from '../../domain/rollout/share.js';
import type { PathWindow } from '../../domain/rollout/triggers.js';
import { isoUtc } from '../core/instant.js';
import { type Pool, type Transaction, withConnection, withTransaction } from '../core/pool.js';

/** Milliseconds for which observations are kept, which is as long as a window may be: an hour. */
const KEPT_MS = 3_600_000;
/** SQL for the rollout's revision as it stands; 0 as long as nobody has set a share. */
const REVISION = 'COALESCE((SELECT revision FROM rollout), 0)';
/** Number of changes that are shown. */
const CHANGES = 20;

export const createRolloutStore = (pool: Pool): RolloutStore => ({
  route: (...given) => withConnection(pool, (connection) => route(connection, ...given)),
  record: (...given) => withTransaction(pool, (tx) => record(tx, ...given)),
  state: (...given) => withConnection(pool, (connection) => readState(connection, ...given)),
  window: (...given) => withConnection(pool, (connection) => readWindow(connection, ...given)),
  keepBaseline: (...given) => withConnection(pool, (connection) => keepBaseline(connection, ...given)),
  set: (...given) => withConnection(pool, (connection) => setShare(connection, ...given)),
  rollBack: (...given) => withConnection(pool, (connection) => rollBack(connection, ...given)),
});

async function route(
  connection: Transaction,
  correlationId: string,
  bucket: number,
  { mayBeNew }: { readonly mayBeNew: boolean },
): Promise<Route> {
  const { rows } = await connection.query<Route>(
    `INSERT INTO rollout_routes (correlation_id, path)
     SELECT $1, CASE WHEN $3 AND $2 < $4 * COALESCE((SELECT percent FROM rollout), 0) THEN 'new' ELSE 'legacy' END
     ON CONFLICT (correlation_id) DO NOTHING RETURNING path, ${REVISION} AS revision`,
    [correlationId, bucket, mayBeNew, bucketsOf(1)],
  );
  if (rows[0] !== undefined) return rows[0];
  // This is a second statement, because the first one's snapshot may be older than the row it met.
  const { rows: routed } = await connection.query<Route>(
    `SELECT path, ${REVISION} AS revision FROM rollout_routes WHERE correlation_id = $1`,
    [correlationId],
  );
  if (routed[0] === undefined) throw new Error(`rollout: the route of ${correlationId} was removed while it was read`);
  return routed[0];
}

async function record(tx: Transaction, observations: readonly RoutedObservation[]): Promise<void> {
  await tx.query(
    `INSERT INTO rollout_outcomes (path, duration_ms, intents, errors, publishes, publish_failures, database_failure, revision)
     SELECT * FROM unnest($1::text[], $2::float8[], $3::int[], $4::int[], $5::int[], $6::int[], $7::boolean[], $8::bigint[])`,
    [
      observations.map(({ path }) => path),
      observations.map(({ durationMs }) => durationMs),
      observations.map(({ intents }) => intents),
      observations.map(({ errors }) => errors),
      observations.map(({ publishes }) => publishes),
      observations.map(({ publishFailures }) => publishFailures),
      observations.map(({ databaseFailure }) => databaseFailure),
      observations.map(({ revision }) => revision),
    ],
  );
  await tx.query(
    `DELETE FROM rollout_outcomes WHERE id IN (
       SELECT id FROM rollout_outcomes WHERE settled_at < clock_timestamp() - $1 * INTERVAL '1 millisecond'
       ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    // Twice as many rows are deleted as come, so that old rows come to an end.
    [KEPT_MS, 2 * observations.length],
  );
}

async function readState(connection: Transaction): Promise<RolloutState> {
  const { rows } = await connection.query<{
    percent: number;
    latched: boolean;
    baseline_ms: number | null;
    revision: number;
  }>('SELECT percent, latched, baseline_ms, revision FROM rollout');
  const { rows: changes } = await connection.query<RolloutChange>(
    `SELECT revision, percent, latched, reason, changed_by, ${isoUtc('changed_at')} AS changed_at
     FROM rollout_changes ORDER BY revision DESC LIMIT $1`,
    [CHANGES],
  );
  const { percent = 0, latched = false, baseline_ms: baselineMs = null, revision = 0 } = rows[0] ?? {};
  return { percent, latched, baselineMs, revision, changes };
}

async function readWindow(
  connection: Transaction,
  path: Path,
  windowMs: number,
  unfinished: readonly number[] = [],
): Promise<PathWindow> {
  const { rows } = await connection.query<PathWindow>(
    `WITH counted AS (
       SELECT duration_ms, intents, errors, publishes, publish_failures, database_failure, false AS unfinished
       FROM rollout_outcomes
       WHERE path = $1 AND settled_at >= clock_timestamp() - $2 * INTERVAL '1 millisecond'
         AND (path = 'legacy' OR revision = ${REVISION})
       UNION ALL SELECT open.duration_ms, 0, 0, 0, 0, false, true FROM unnest($3::float8[]) AS open (duration_ms))
     SELECT count(*)::int AS lists, COALESCE(sum(intents), 0)::int AS intents, COALESCE(sum(errors), 0)::int AS errors,
       COALESCE(sum(publishes), 0)::int AS publishes, COALESCE(sum(publish_failures), 0)::int AS "publishFailures",
       count(*) FILTER (WHERE database_failure)::int AS "databaseFailures",
       count(*) FILTER (WHERE unfinished)::int AS unfinished,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS "p95Ms"
     FROM counted`,
    [path, windowMs, unfinished],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('rollout: the window has no row');
  return found;
}

async function keepBaseline(connection: Transaction, ms: number): Promise<void> {
  await connection.query('UPDATE rollout SET baseline_ms = $1', [ms]);
}

async function setShare(
  connection: Transaction,
  percent: number,
  reason: string,
  by: string,
  unlessSet = false,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `WITH changed AS (
       INSERT INTO rollout (percent) VALUES ($1)
       ON CONFLICT (only_row) DO UPDATE SET percent = EXCLUDED.percent, latched = false,
         revision = rollout.revision + 1, changed_at = clock_timestamp()
         WHERE NOT $4
       RETURNING *)
     INSERT INTO rollout_changes (revision, percent, latched, reason, changed_by, changed_at)
     SELECT revision, percent, latched, $2, $3, changed_at FROM changed`,
    [percent, reason, by, unlessSet],
  );
  return rowCount === 1;
}

async function rollBack(connection: Transaction, revision: number, reason: string, by: string): Promise<boolean> {
  const { rowCount } = await connection.query(
    `WITH changed AS (
       UPDATE rollout SET percent = 0, latched = true, revision = revision + 1, changed_at = clock_timestamp()
       WHERE revision = $1 AND percent > 0
       RETURNING *)
     INSERT INTO rollout_changes (revision, percent, latched, reason, changed_by, changed_at)
     SELECT revision, percent, latched, $2, $3, changed_at FROM changed`,
    [revision, reason, by],
  );
  return rowCount === 1;
}
