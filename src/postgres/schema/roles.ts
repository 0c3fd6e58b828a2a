/** This module says which rights each role needs in the database, and no more. */

import { type Pool, withConnection } from '../core/pool.js';

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'USAGE';

/** The roles, by the names that the printed statements give them. */
const ROLES = { worker: 'bridge_worker', migrator: 'bridge_migrator' } as const;

const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/**
 * The rights of a worker, of the CLI and of the `RolloutRouter`, by table. A row is locked with UPDATE, also where
 * nothing updates it: prunes lock what they delete.
 */
export const WORKER_RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  bridge_migrations: ['SELECT'],
  // A worker writes through the view. Beside legacy writers a trigger takes over rows of the table itself (ADR 0002).
  bridge_state_rows: ['SELECT', 'INSERT', 'UPDATE'],
  bridge_states: ['SELECT', 'UPDATE', 'DELETE'],
  fsm_transitions: ALL,
  fsm_states: ALL,
  executed_intents: ALL,
  ledger_retention: ['SELECT', 'UPDATE'],
  swept_executions: ALL,
  dead_letters: ALL,
  intake_verdicts: ALL,
  intake_parked: ALL,
  // A trigger with its owner's rights writes them.
  intake_parked_keys: ['SELECT'],
  rollout: ['SELECT', 'INSERT', 'UPDATE'],
  rollout_changes: ['SELECT', 'INSERT'],
  rollout_routes: ALL,
  rollout_outcomes: ALL,
};

/** The rights of a worker, by sequence: the trigger of fsm_transitions draws numbers. */
export const WORKER_SEQUENCES: Readonly<Record<string, readonly Right[]>> = { fsm_transitions_sequence: ['USAGE'] };

/**
 * Returns the rights of a worker that the user of a pool lacks, as `SELECT ON fsm_states`. A table that is not there is
 * left out.
 */
export async function missingRights(pool: Pool): Promise<string[]> {
  const wanted = Object.entries({ ...WORKER_RIGHTS, ...WORKER_SEQUENCES }).flatMap(([name, rights]) =>
    rights.map((right) => ({ name, right })),
  );
  const { rows } = await withConnection(pool, (connection) =>
    connection.query<{ missing: string }>(
      `SELECT format('%s ON %s', wanted.privilege, wanted.name) AS missing
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (name, privilege, n)
       JOIN pg_class ON pg_class.oid = to_regclass(wanted.name)
       WHERE NOT CASE relkind WHEN 'S' THEN has_sequence_privilege(pg_class.oid, wanted.privilege)
         ELSE has_table_privilege(pg_class.oid, wanted.privilege) END
       ORDER BY n`,
      [wanted.map(({ name }) => name), wanted.map(({ right }) => right)],
    ),
  );
  return rows.map(({ missing }) => missing);
}

const grants = (rights: Readonly<Record<string, readonly Right[]>>, kind: 'TABLE' | 'SEQUENCE'): string[] =>
  Object.entries(rights).map(([name, given]) => `  GRANT ${given.join(', ')} ON ${kind} ${name} TO ${ROLES.worker};`);

/**
 * Returns SQL that creates the roles and gives them their rights, safe to repeat. It holds no password, and grants on
 * tables once they are there.
 * @param database name of the database, where the SQL is to be run.
 */
export function rolesSql(database: string): string {
  const name = `"${database.replaceAll('"', '""')}"`;
  const { worker, migrator } = ROLES;
  return `-- Run this in the database ${name.replaceAll(/[\r\n]/g, ' ')}, as a superuser, or as its owner who may create roles: before "bridge setup", which runs
-- as ${migrator} (MIGRATION_DATABASE_URL), and once more behind it. Give the roles their passwords by \\password.
-- ${worker}: workers, the command line and the RolloutRouter. ${migrator}: "bridge setup", the owner of the tables.
-- The intake ("bridge intake") needs no role: it opens no connection to PostgreSQL.
DO $$ BEGIN
  IF to_regrole('${worker}') IS NULL THEN CREATE ROLE ${worker} LOGIN; END IF;
  IF to_regrole('${migrator}') IS NULL THEN CREATE ROLE ${migrator} LOGIN; END IF;
  -- Whoever is no superuser, as on managed servers, needs the migrator's membership for what follows.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN GRANT ${migrator} TO CURRENT_USER; END IF;
END $$;
GRANT CONNECT ON DATABASE ${name} TO ${worker}, ${migrator};
GRANT USAGE ON SCHEMA public TO ${worker};
GRANT USAGE, CREATE ON SCHEMA public TO ${migrator};
-- Tables that a later migration adds; the statements below take back what is too much, when they are run again.
ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} IN SCHEMA public GRANT ${ALL.join(', ')} ON TABLES TO ${worker};
ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${worker};
DO $$ BEGIN
  IF to_regclass('public.bridge_migrations') IS NULL THEN
    RAISE NOTICE 'there are no tables yet: run "bridge setup", and this once more';
    RETURN;
  END IF;
  REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${worker};
  REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM ${worker};
${[...grants(WORKER_RIGHTS, 'TABLE'), ...grants(WORKER_SEQUENCES, 'SEQUENCE')].join('\n')}
END $$;
`;
}
