/**
 * In these tests a server ends a connection in the packet that says that it is ready. No moment may be without an
 * `error` listener, as the error would end the process.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createPool, endPool, type Pool, withConnection, withTransaction } from '../../../src/postgres/core/pool.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { probePostgres } from '../../../src/stack/probes/postgres.js';
import { MIGRATIONS, useDatabase } from '../support.js';

/** Bytes of ReadyForQuery, idle (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const READY = Buffer.from('5a0000000549', 'hex');

/** Returns the bytes of an ErrorResponse: FATAL, 57P01 (admin_shutdown). */
function fatal(): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeUInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, fields]);
}

describe('a connection that the server ends in the moment it is made', () => {
  const database = useDatabase();
  const sockets = new Set<Socket>();
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown): void => void uncaught.push(error);
  let ends = 0;
  let proxy: Server;
  let url: string;
  let pool: Pool;

  before(async () => {
    const target = new URL(database.url);
    proxy = createServer((client) => {
      const server = connect(Number(target.port), target.hostname);
      for (const socket of [client, server]) {
        sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      }
      client.pipe(server);
      server.on('data', (data) => {
        if (ends === 0 || !data.includes(READY)) return client.write(data);
        ends -= 1;
        server.destroy();
        return client.end(Buffer.concat([data, fatal()]));
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const through = new URL(database.url);
    through.port = String((proxy.address() as AddressInfo).port);
    url = through.href;
    pool = createPool({ url, min: 0, maxUses: 1 }, () => undefined);
    // This listener comes before Mocha's own. Those would end the run, and not say which test it was.
    process.prependListener('uncaughtException', onUncaught);
  });
  beforeEach(() => {
    ends = 0;
    uncaught.splice(0);
  });
  after(async () => {
    process.off('uncaughtException', onUncaught);
    await endPool(pool);
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });

  const ended = { name: 'EffectError', failureClass: 'unavailable', store: 'postgres' };

  for (const [what, work] of [
    ['a transaction', () => withTransaction(pool, (tx) => tx.query('SELECT 1'))],
    ['a statement', () => withConnection(pool, (connection) => connection.query('SELECT 1'))],
  ] as const) {
    it(`fails ${what} as unavailable, and the next one gets another connection`, async () => {
      for (let round = 0; round < 20; round += 1) {
        ends = 1;
        await assert.rejects(work(), ended);
        const { rows } = (await work()) as { rows: unknown[] };
        assert.equal(rows.length, 1);
      }
      assert.deepEqual(uncaught, []);
    });
  }

  it('fails all that connect at once, and the process lives', async () => {
    const fresh = createPool({ url, min: 0, max: 20 }, () => undefined);
    ends = 20;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => withConnection(fresh, (connection) => connection.query('SELECT 1'))),
    );
    assert.deepEqual([...new Set(outcomes.map(({ status }) => status))], ['rejected']);
    await endPool(fresh);
    assert.deepEqual(uncaught, []);
  });

  it('fails a migration and a probe, which have connections of their own', async () => {
    // A migration opens two connections here. The first one only finds out whether the database is there.
    ends = 2;
    await assert.rejects(migrate({ url }, { dir: MIGRATIONS }), ended);
    ends = 1;
    await assert.rejects(probePostgres({ url }, 2_000));
    await probePostgres({ url }, 2_000);
    assert.deepEqual(uncaught, []);
  });
});
