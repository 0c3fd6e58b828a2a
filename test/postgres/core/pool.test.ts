import assert from 'node:assert/strict';
import pg from 'pg';
import type { FailureClass } from '../../../src/domain/failures/failure.js';
import {
  busyConnections,
  createPool,
  endPool,
  type Pool,
  withConnection,
  withTransaction,
} from '../../../src/postgres/core/pool.js';
import { toEffectError } from '../../../src/postgres/core/sqlstate.js';
import { onServer, useDatabase } from '../support.js';

describe('pool', () => {
  const database = useDatabase();
  const pools: Pool[] = [];
  const idleErrors: Error[] = [];
  const poolOf = (options: object): Pool => {
    const pool = createPool({ url: database.url, ...options }, (error) => idleErrors.push(error));
    pools.push(pool);
    return pool;
  };
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.end())));
  const terminate = (pid: number) => onServer((client) => client.query('SELECT pg_terminate_backend($1)', [pid]));
  const fails = (work: Promise<unknown>, failureClass: FailureClass, message?: RegExp) =>
    assert.rejects(work, { name: 'EffectError', failureClass, ...(message === undefined ? {} : { message }) });

  it('rolls back, and gives the connection back, when the work throws', async () => {
    const pool = poolOf({ max: 1 });
    await fails(
      withTransaction(pool, async (tx) => {
        await tx.query("INSERT INTO executed_intents VALUES (gen_random_uuid(), 't', '', 'e', '{}')");
        throw new Error('no');
      }),
      'unknown',
      /no/,
    );
    const { rows } = await withTransaction(pool, (tx) => tx.query('SELECT FROM executed_intents'));
    assert.equal(rows.length, 0);
    assert.equal(pool.totalCount, 1);
  });

  it('has the server end, on every connection, a statement that hangs and a transaction whose client froze', async () => {
    const setting = async (pool: Pool) => {
      const clients = await Promise.all([pool.connect(), pool.connect()]);
      try {
        return await Promise.all(
          clients.map(async (client) => {
            const { rows } = await client.query<Record<string, string>>(
              `SELECT current_setting('statement_timeout') AS statement,
                 current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('application_name') AS name`,
            );
            return Object.values(rows[0] ?? {});
          }),
        );
      } finally {
        for (const client of clients) client.release();
      }
    };
    const usual = ['1min', '1min', 'bridge-store-effect'];
    assert.deepEqual(await setting(poolOf({})), [usual, usual]);
    const own = ['1500ms', '1500ms', 'own'];
    assert.deepEqual(await setting(poolOf({ statementTimeoutMs: 1_500, applicationName: 'own' })), [own, own]);
  });

  it('frees what a frozen client holds locked', async () => {
    const frozen = await poolOf({ max: 1, statementTimeoutMs: 200 }).connect();
    frozen.on('error', () => undefined);
    await frozen.query('BEGIN');
    await frozen.query('LOCK TABLE executed_intents');
    // Nothing more comes from the frozen client. A statement that waits for the lock gets it long before its own
    // time-out.
    const { rowCount } = await poolOf({ max: 1, statementTimeoutMs: 20_000 }).query('SELECT FROM executed_intents');
    assert.equal(rowCount, 0);
    frozen.release(true);
  });

  it('reads BIGINT as a number where that is exact', async () => {
    const { rows } = await poolOf({}).query(
      'SELECT (2::bigint ^ 53)::bigint - 1 AS exact, 9223372036854775807 AS large',
    );
    assert.deepEqual(rows, [{ exact: Number.MAX_SAFE_INTEGER, large: '9223372036854775807' }]);
  });

  it('calls a busy pool transient, within the time-out', async () => {
    const pool = poolOf({ max: 1, connectTimeoutMs: 100 });
    await withTransaction(pool, () =>
      fails(
        withTransaction(pool, () => Promise.resolve()),
        'transient',
        /all 1 connections are busy/,
      ),
    );
  });

  it('tells how long a checkout took, how full it left the pool, and how long the work had the connection', async () => {
    const checkouts: { seconds: number; used: number; max: number }[] = [];
    const runs: number[] = [];
    const pool = poolOf({
      max: 2,
      connectTimeoutMs: 100,
      observer: {
        checkedOut: (seconds: number, used: number, max: number) => checkouts.push({ seconds, used, max }),
        ran: (seconds: number) => runs.push(seconds),
      },
    });
    await withTransaction(pool, async () => {
      await withConnection(pool, async (connection) => {
        await connection.query('SELECT pg_sleep(0.05)');
        await fails(
          withTransaction(pool, () => Promise.resolve()),
          'transient',
        );
      });
    });
    assert.deepEqual(
      checkouts.map(({ used, max }) => [used, max]),
      [
        [1, 2],
        [2, 2],
        [2, 2],
      ],
    );
    assert.ok(checkouts[2]!.seconds > 0.09, 'a checkout that failed has taken its time too');
    assert.equal(runs.length, 2);
    assert.ok(runs[0]! > 0.14 && runs[1]! >= runs[0]!, runs.join(', '));
  });

  it('does not wait for ever for a connection that nobody gives back, and says so', async () => {
    const pool = createPool({ url: database.url }, () => undefined);
    await pool.query('SELECT 1');
    const leaked = await pool.connect();
    await assert.rejects(endPool(pool, 50), {
      message: 'expected every connection to PostgreSQL back within 50 ms, 1 were not',
    });
    assert.equal(busyConnections(pool), 1);
    await assert.rejects(leaked.query('SELECT 1'), /closed/, 'it keeps no process alive');
  });

  it('ends at once when every connection is back', async () => {
    const pool = createPool({ url: database.url, min: 0 }, () => undefined);
    await withTransaction(pool, (tx) => tx.query('SELECT 1'));
    await endPool(pool);
    assert.equal(busyConnections(pool), 0);
  });

  it('calls a server that is not there unavailable', async () => {
    await fails(
      withTransaction(poolOf({ url: 'postgres://u@127.0.0.1:1/x' }), () => Promise.resolve()),
      'unavailable',
    );
  });

  it('calls a terminated connection unavailable and does not use it again', async () => {
    const pool = poolOf({ max: 1 });
    const work = withTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await terminate(rows[0]?.pid ?? 0);
      await tx.query('SELECT pg_sleep(5)');
    });
    await fails(work, 'unavailable');
    await withTransaction(pool, (tx) => tx.query('SELECT 1'));
  });

  it('survives the loss of an idle connection', async () => {
    const pool = poolOf({ max: 1 });
    const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const told = idleErrors.length;
    await terminate(rows[0]?.pid ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(idleErrors.length, told + 1);
    await withTransaction(pool, (tx) => tx.query('SELECT 1'));
  });

  it('lets the server cancel a statement, and gives up when not even that is heard', async () => {
    await fails(
      withTransaction(poolOf({ statementTimeoutMs: 50 }), (tx) => tx.query('SELECT pg_sleep(5)')),
      'transient',
      /57014/,
    );
    const pool = poolOf({ max: 1 });
    await fails(
      withTransaction(pool, (tx) => tx.query('SELECT pg_sleep(2)'), { deadlineMs: 50 }),
      'unavailable',
      /no answer within 50 ms/,
    );
    await withTransaction(pool, (tx) => tx.query('SELECT 1'));
  });
});

describe('failure classes', () => {
  const coded = (code: string) => Object.assign(new Error('x'), { code });
  const cases: [FailureClass, string[]][] = [
    ['transient', ['40001', '40P01', '53300', '55P03', '57014']],
    ['unavailable', ['08006', '57P01', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', '53100', '25006']],
    ['invalid', ['22003', '22P05', '23505', '21000', '54000']],
    ['unknown', ['42P01', 'XX000', 'EWHATEVER', '28P01']],
  ];
  for (const [failureClass, codes] of cases) {
    it(`${failureClass}: ${codes.join(', ')}`, () => {
      for (const code of codes) assert.equal(toEffectError(coded(code)).failureClass, failureClass, code);
    });
  }

  it('looks into causes and aggregates', () => {
    assert.equal(toEffectError(new Error('x', { cause: coded('40P01') })).failureClass, 'transient');
    assert.equal(
      toEffectError(new AggregateError([new Error('a'), coded('ECONNREFUSED')])).failureClass,
      'unavailable',
    );
    const loop = new Error('loop');
    loop.cause = loop;
    assert.equal(toEffectError(loop).failureClass, 'unknown');
    assert.equal(toEffectError('text').failureClass, 'unknown');
    assert.ok(toEffectError(new pg.DatabaseError('m', 1, 'error')).cause instanceof pg.DatabaseError);
  });
});
