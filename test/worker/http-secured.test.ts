/** These tests check who may ask a worker what, where its HTTP is secured. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { networkInterfaces } from 'node:os';
import { ConfigError } from '../../src/config.js';
import { until } from '../../src/flow-control/until.js';
import { type HttpEndpoint, type HttpSettings, serveHttp } from '../../src/worker/http.js';
import { type Certificate, Certificates } from '../support/certificates.js';

describe('the HTTP of a worker', () => {
  const certificates = new Certificates();
  const servers: HttpEndpoint[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
  after(() => certificates.remove());

  async function serve(settings: Partial<HttpSettings>): Promise<number> {
    const sources = {
      health: () => ({ ok: true, detail: 'worker RUNNING' }),
      ready: () => Promise.resolve({ process: {}, dependencies: { postgres: { ok: true, detail: 'at db:5432' } } }),
      metrics: () => Promise.resolve('bridge_metric 1\n'),
    };
    const server = await serveHttp({ PORT: 0, ...settings }, sources);
    servers.push(server);
    return server.port;
  }
  const ask = async (port: number, path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: response.status, body: await response.text(), asks: response.headers.get('www-authenticate') };
  };

  it('gives metrics only for the token, and probes an answer without one', async () => {
    const port = await serve({ HTTP_TOKEN: 'right-token' });
    const sentence = 'expected the header "Authorization: Bearer TOKEN" with the token of HTTP_TOKEN';
    for (const given of [undefined, 'Bearer wrong', 'Bearer right-token-and-more', 'Basic right-token', 'Bearer ']) {
      const { status, body, asks } = await ask(port, '/metrics', given);
      assert.deepEqual([status, JSON.parse(body), asks], [401, { error: sentence }, 'Bearer'], given);
    }
    assert.equal((await ask(port, '/nowhere')).status, 401);
    for (const given of ['Bearer right-token', 'bearer right-token']) {
      assert.deepEqual((await ask(port, '/metrics', given)).body, 'bridge_metric 1\n');
    }
    assert.equal((await ask(port, '/health')).status, 200);
    const [stranger, known] = [await ask(port, '/ready'), await ask(port, '/ready', 'Bearer right-token')];
    assert.deepEqual(JSON.parse(stranger.body), {
      ok: true,
      dependencies_ok: true,
      checks: { postgres: { ok: true } },
    });
    const postgres = { ok: true, detail: 'at db:5432' };
    assert.deepEqual(JSON.parse(known.body), { ok: true, dependencies_ok: true, checks: { postgres } });
  });

  it('takes the token that its file has now', async () => {
    const file = certificates.path('token');
    writeFileSync(file, 'first\n');
    const port = await serve({ HTTP_TOKEN_FILE: file });
    assert.equal((await ask(port, '/metrics', 'Bearer first')).status, 200);
    writeFileSync(file, 'second\n');
    assert.deepEqual(
      [(await ask(port, '/metrics', 'Bearer first')).status, (await ask(port, '/metrics', 'Bearer second')).status],
      [401, 200],
    );
    writeFileSync(file, '');
    // An empty file is no token that anybody could guess.
    assert.equal((await ask(port, '/metrics', 'Bearer ')).status, 401);
    assert.equal((await ask(port, '/ready')).status, 200);
  });

  it('speaks TLS with the certificate that its file has now', async () => {
    const [before, later] = ['before', 'later'].map((name) => certificates.authority(name));
    const files = { HTTP_TLS_CERT: certificates.path('http.crt'), HTTP_TLS_KEY: certificates.path('http.key') };
    const put = ({ certFile, keyFile }: Certificate): void => {
      copyFileSync(certFile, files.HTTP_TLS_CERT);
      copyFileSync(keyFile, files.HTTP_TLS_KEY);
    };
    const statusOf = (port: number, { cert: ca }: Certificate) =>
      new Promise<number | undefined>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/ready', ca, agent: false }, ({ statusCode }) => resolve(statusCode))
          .on('error', reject)
          .end();
      });
    put(certificates.issue(before!, 'http'));
    const port = await serve(files);
    assert.equal(await statusOf(port, before!), 200);
    await assert.rejects(statusOf(port, later!));
    put(certificates.issue(later!, 'http'));
    await until(15_000, async () => assert.equal(await statusOf(port, later!), 200));
    await assert.rejects(statusOf(port, before!));
  });

  it('listens on the address of the setting, and by default on all', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    const [own, all] = [await serve({ HOST: '127.0.0.1' }), await serve({})];
    assert.equal((await ask(own, '/health')).status, 200);
    if (outside === undefined) return;
    assert.equal((await fetch(`http://${outside}:${all}/health`)).status, 200);
    await assert.rejects(fetch(`http://${outside}:${own}/health`));
  });

  it('is refused with settings that cannot be used', async () => {
    const [one, other] = ['one', 'other'].map((name) => certificates.authority(name));
    const cases: readonly (readonly [settings: Partial<HttpSettings>, message: RegExp])[] = [
      [{ HOST: '192.0.2.1' }, /^HOST: expected an address of this machine, got 192\.0\.2\.1$/],
      [{ HTTP_TLS_CERT: one!.certFile }, /^HTTP_TLS_KEY: expected beside HTTP_TLS_CERT$/],
      [{ HTTP_TLS_KEY: one!.keyFile }, /^HTTP_TLS_CERT: expected beside HTTP_TLS_KEY$/],
      [{ HTTP_TLS_CERT: '/nowhere', HTTP_TLS_KEY: one!.keyFile }, /^HTTP_TLS_CERT: .* got \/nowhere$/],
      [{ HTTP_TLS_CERT: one!.certFile, HTTP_TLS_KEY: other!.keyFile }, /^HTTP_TLS_CERT, HTTP_TLS_KEY: expected/],
    ];
    for (const [settings, message] of cases) {
      await assert.rejects(serve(settings), (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        return true;
      });
    }
  });
});
