/** These tests connect to a PostgreSQL that talks TLS only, and read what a refused operator reads. */
import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config.js';
import { isRefusedLogin } from '../../../src/domain/failures/failure-table.js';
import { withClient } from '../../../src/postgres/core/client.js';
import { createPool, endPool, withConnection } from '../../../src/postgres/core/pool.js';
import { postgresEndpoint } from '../../../src/settings/postgres-endpoint.js';
import { bridgeHere } from '../../support/bridge-here.js';
import type { Certificate } from '../../support/certificates.js';
import { type SecuredPostgres, startSecuredPostgres } from '../../support/secured-postgres.js';

describe('a secured PostgreSQL', function () {
  this.timeout(60_000);
  let server: SecuredPostgres;
  let url: string;
  let right: Record<string, string>;
  before(async () => {
    server = await startSecuredPostgres();
    url = server.url('postgres');
    right = { DATABASE_URL: url, PGSSLMODE: 'verify-full', PGSSLROOTCERT: server.certificates.ca.certFile };
    await server.admin(`CREATE ROLE with_certificate LOGIN PASSWORD 'word'; CREATE ROLE stranger LOGIN PASSWORD 'word';
      CREATE ROLE without_rights LOGIN PASSWORD 'word'`);
  });
  after(() => server.stop());

  const endpoint = (env: NodeJS.ProcessEnv) => postgresEndpoint(loadConfig(env))!;
  const isEncrypted = async (env: NodeJS.ProcessEnv): Promise<boolean> => {
    const { rows } = await withClient(endpoint(env), (client) =>
      client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    );
    return rows[0]?.ssl ?? false;
  };
  const at = (changed: Record<string, string>) => ({ ...right, ...changed });

  it('lets in who has the CA, by a URL and by the variables alike', async () => {
    const { ca } = server.certificates;
    const parts = {
      PGHOST: 'localhost',
      PGPORT: String(server.port),
      PGPASSWORD: server.password,
      PGDATABASE: 'postgres',
    };
    const inUrl = `${url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca.certFile)}`;
    const ways = [
      right,
      { DATABASE_URL: inUrl },
      { ...parts, PGSSLMODE: 'Verify-Full', PGSSLROOTCERT: ca.certFile },
      { DATABASE_URL: url.replace(/:[^:@]*@/, '@'), PGPASSWORD: server.password, PGSSLMODE: 'require' },
    ];
    for (const way of ways) assert.equal(await isEncrypted(way), true, JSON.stringify(way));
  });

  it('is verified as libpq does: by require nothing, by verify-ca the CA, by verify-full the name too', async () => {
    const elsewhere = url.replace('localhost', '127.0.0.1');
    const { otherCa, ca } = server.certificates;
    assert.equal(await isEncrypted({ DATABASE_URL: `${elsewhere}?sslmode=require` }), true);
    assert.equal(await isEncrypted(at({ DATABASE_URL: elsewhere, PGSSLMODE: 'verify-ca' })), true);
    for (const mode of ['require', 'verify-ca']) {
      await assert.rejects(
        isEncrypted({ DATABASE_URL: `${url}?sslmode=${mode}`, PGSSLROOTCERT: otherCa.certFile }),
        /of an authority that is not trusted/,
      );
    }
    await assert.rejects(
      isEncrypted({ DATABASE_URL: `${elsewhere}?sslmode=verify-full`, PGSSLROOTCERT: ca.certFile }),
      /another host/,
    );
  });

  const refused: readonly (readonly [string, () => Record<string, string>, RegExp])[] = [
    [
      'another CA',
      () => at({ PGSSLROOTCERT: server.certificates.otherCa.certFile }),
      /the certificate of localhost:\d+ is of an authority that is not trusted \(PGSSLROOTCERT\)$/,
    ],
    [
      'no CA, with verify-full',
      () => ({ DATABASE_URL: `${url}?sslmode=verify-full` }),
      /the certificate of localhost:\d+ is of an authority that is not trusted \(PGSSLROOTCERT\)$/,
    ],
    [
      'another host name',
      () => at({ DATABASE_URL: url.replace('localhost', '127.0.0.1') }),
      /the certificate of 127\.0\.0\.1:\d+ is for another host \(DATABASE_URL\): .*127\.0\.0\.1.*$/,
    ],
    [
      'no TLS',
      () => ({ DATABASE_URL: url }),
      /localhost:\d+ does not let user postgres log in \(DATABASE_URL; PGSSLMODE where it asks for TLS\): no pg_hba\.conf entry .*$/,
    ],
    [
      'a wrong password',
      () => at({ DATABASE_URL: server.url('postgres', 'postgres', 'wrong') }),
      /localhost:\d+ refuses the password of user postgres \(DATABASE_URL\)$/,
    ],
    [
      'a wrong PGPASSWORD',
      () => at({ DATABASE_URL: url.replace(/:[^:@]*@/, '@'), PGPASSWORD: 'wrong' }),
      /localhost:\d+ refuses the password of user postgres \(PGPASSWORD\)$/,
    ],
    [
      'no password',
      () => at({ DATABASE_URL: url.replace(/:[^:@]*@/, '@') }),
      /localhost:\d+ asks for a password of user postgres, and none is set \(DATABASE_URL\)$/,
    ],
    [
      'a role that may not come in',
      () => at({ DATABASE_URL: server.url('postgres', 'stranger', 'word') }),
      /localhost:\d+ does not let user stranger log in \(DATABASE_URL\): pg_hba\.conf rejects .*$/,
    ],
    [
      'no certificate where one is asked for',
      () => at({ DATABASE_URL: server.url('postgres', 'with_certificate', 'word') }),
      /localhost:\d+ does not let user with_certificate log in \(DATABASE_URL\): connection requires a valid client certificate$/,
    ],
    [
      'a certificate of another CA',
      () =>
        at({
          DATABASE_URL: server.url('postgres', 'with_certificate', 'word'),
          PGSSLCERT: server.certificates.selfSigned.certFile,
          PGSSLKEY: server.certificates.selfSigned.keyFile,
        }),
      /localhost:\d+ does not take the client certificate, or misses one \(PGSSLCERT\): .*unknown ca.*$/,
    ],
    [
      'a key of another certificate',
      () => at({ PGSSLCERT: server.certificates.client.certFile, PGSSLKEY: server.certificates.server.keyFile }),
      /localhost:\d+ is not asked: a file is not in PEM, or certificate and key are not a pair \(PGSSLROOTCERT, PGSSLCERT, PGSSLKEY\): .*$/,
    ],
    [
      'a CA file that is not there',
      () => at({ PGSSLROOTCERT: '/none/ca.pem' }),
      /localhost:\d+ is not asked: PGSSLROOTCERT: \/none\/ca\.pem cannot be read$/,
    ],
  ];
  for (const [what, env, sentence] of refused) {
    it(`says in a sentence that it was given ${what}`, async () => {
      await assert.rejects(
        withClient(endpoint(env()), () => Promise.resolve()),
        (error: Error) => {
          assert.match(error.message, sentence);
          assert.match(error.message, /^PostgreSQL: /);
          assert.equal((error as Error & { failureClass?: unknown }).failureClass, 'unavailable');
          return true;
        },
      );
    });
  }

  it('is named by doctor in that sentence, with exit 3, and never with the password', async () => {
    for (const what of ['another CA', 'no TLS', 'a wrong password']) {
      const [, env, sentence] = refused.find(([name]) => name === what)!;
      const { code, stdout, stderr } = await bridgeHere(['doctor'], { ...process.env, ...env() });
      const line = stdout.split('\n').find((one) => one.includes('PostgreSQL migrations')) ?? '';
      assert.match(line.trimEnd(), sentence);
      assert.equal(code, 3);
      assert.ok(!`${stdout}${stderr}`.includes(server.password), 'the password is shown');
    }
  });

  for (const [name, sentence] of [
    [
      'expired',
      /the certificate of localhost:\d+, or of its authority \(PGSSLROOTCERT\), has expired or is not valid yet$/,
    ],
    ['selfSigned', /the certificate of localhost:\d+ is of an authority that is not trusted \(PGSSLROOTCERT\)$/],
  ] as const) {
    it(`says that its certificate is ${name}, and connects again when it is not`, async () => {
      const pool = createPool({ ...endpoint(right), min: 0, maxUses: 1 }, () => undefined);
      try {
        const ask = () => withConnection(pool, (connection) => connection.query('SELECT 1'));
        await ask();
        await server.show(server.certificates[name]);
        await assert.rejects(ask(), { failureClass: 'unavailable', message: sentence });
        await server.show(server.certificates.server);
        await ask();
      } finally {
        await server.show(server.certificates.server);
        await endPool(pool);
      }
    });
  }

  it('takes a certificate of the client, and reads all files again for each connection', async () => {
    const [cert, key, ca] = ['own.crt', 'own.key', 'own-ca.crt'].map((name) => join(server.folder, name));
    const { client, otherCa, ca: signer, selfSigned } = server.certificates;
    const files = { PGSSLCERT: cert!, PGSSLKEY: key!, PGSSLROOTCERT: ca! };
    const pool = createPool(
      {
        ...endpoint(at({ ...files, DATABASE_URL: server.url('postgres', 'with_certificate', 'word') })),
        min: 0,
        maxUses: 1,
      },
      () => undefined,
    );
    try {
      const ask = () => withConnection(pool, (connection) => connection.query('SELECT 1'));
      const put = async (authority: string, { certFile, keyFile }: Certificate) => {
        await copyFile(authority, ca!);
        await copyFile(certFile, cert!);
        await copyFile(keyFile, key!);
      };
      await put(otherCa.certFile, client);
      await assert.rejects(ask(), /not trusted \(PGSSLROOTCERT\)/);
      await put(signer.certFile, selfSigned);
      await assert.rejects(ask(), /unknown ca/);
      await put(signer.certFile, client);
      await ask();
    } finally {
      await endPool(pool);
    }
  });

  it('says so when it has no TLS', async () => {
    const plain = new URL(process.env['DATABASE_URL'] ?? '');
    await assert.rejects(
      withClient(endpoint({ DATABASE_URL: plain.href, PGSSLMODE: 'require' }), () => Promise.resolve()),
      {
        failureClass: 'unavailable',
        message: new RegExp(`^PostgreSQL: ${plain.host} does not speak TLS \\(PGSSLMODE\\)$`),
      },
    );
  });

  it('is another thing than a database that is not there, or a right that is missing', async () => {
    const missing = at({ DATABASE_URL: server.url('nowhere') });
    await assert.rejects(
      withClient(endpoint(missing), () => Promise.resolve()),
      { message: /has no database nowhere \(DATABASE_URL\); "bridge setup" creates it$/ },
    );
    await server.admin('CREATE TABLE bridge_migrations (name text)');
    const without = at({ DATABASE_URL: server.url('postgres', 'without_rights', 'word') });
    const { code, stdout } = await bridgeHere(['doctor'], { ...process.env, ...without });
    assert.match(stdout, /permission denied for table bridge_migrations \(42501\); "bridge setup --print-roles" pri/);
    assert.match(stdout, /PostgreSQL rights +no SELECT ON bridge_migrations; run "bridge setup --print-roles"/);
    assert.equal(code, 1);
  });

  it('counts a wrong password as a refused login, whatever is around it', async () => {
    const wrong = endpoint(at({ DATABASE_URL: server.url('postgres', 'postgres', 'wrong') }));
    await assert.rejects(
      withClient(wrong, () => Promise.resolve()),
      (error: unknown) => isRefusedLogin(error) && !String(error).includes('wrong'),
    );
  });
});
