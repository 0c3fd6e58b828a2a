/**
 * These tests check that both kinds of connection say in one sentence what stands between them and a secured server.
 * The servers answer no request but with a refusal.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../../src/config.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import { isRefusedLogin } from '../../src/domain/failures/failure-table.js';
import type { TemporalEndpoint } from '../../src/endpoints.js';
import { createLogger } from '../../src/log.js';
import { connect } from '../../src/temporal/connect.js';
import { connectWorker } from '../../src/worker/temporal.js';
import { type Certificate, Certificates, withoutReason } from '../support/certificates.js';
import { type Front, PERMISSION_DENIED, temporalFront, UNAUTHENTICATED } from '../support/temporal-front.js';

describe('a Temporal server that refuses us', () => {
  const certificates = new Certificates();
  const fronts: Front[] = [];
  let [ca, other]: Certificate[] = [];
  let plain: Server;

  before(async () => {
    [ca, other] = [certificates.authority('ca'), certificates.authority('other')];
    plain = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
  });
  after(async () => {
    await Promise.all(fronts.map((front) => front.close()));
    plain.close();
    certificates.remove();
  });

  async function front(
    given: Partial<Parameters<typeof temporalFront>[1]> & { server?: Certificate; mutual?: boolean },
  ) {
    const { server, mutual = false, ...options } = given;
    const tls = server && {
      cert: server.cert,
      key: server.key,
      requestCert: mutual,
      rejectUnauthorized: mutual,
      ca: ca!.cert,
    };
    const made = await temporalFront('127.0.0.1:1', {
      refuse: () => UNAUTHENTICATED,
      ...(tls ? { tls } : {}),
      ...options,
    });
    fronts.push(made);
    return made.address;
  }

  /** Asserts that all connections fail with the same sentence. */
  async function refused(address: string, env: NodeJS.ProcessEnv, sentence: string): Promise<void> {
    const { TEMPORAL_NAMESPACE: namespace, temporal } = loadConfig({ TEMPORAL_ADDRESS: address, ...env });
    const endpoint: TemporalEndpoint = { address, namespace, ui: null, ...temporal };
    const logger = createLogger('silent');
    for (const attempt of [
      () => connect(endpoint, { connectTimeout: '1 s' }),
      () => connectWorker(endpoint, logger, () => true),
    ]) {
      const error = await attempt().then(
        () => assert.fail('it connects'),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof EffectError, String(error));
      assert.deepEqual([withoutReason(error.message), error.failureClass], [`Temporal: ${sentence}`, 'unavailable']);
    }
  }
  const trust = () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca!.certFile });
  const asClient = ({ certFile, keyFile }: Certificate) => ({
    ...trust(),
    TEMPORAL_TLS_CLIENT_CERT_PATH: certFile,
    TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile,
  });

  it('because TLS is wanted, or is not spoken', async () => {
    const address = await front({ server: certificates.issue(ca!, 'server') });
    await refused(address, {}, `${address} wants TLS (TEMPORAL_TLS, or TEMPORAL_TLS_SERVER_CA_CERT_PATH)`);
    const unsecured = `127.0.0.1:${(plain.address() as AddressInfo).port}`;
    await refused(unsecured, { TEMPORAL_TLS: 'TRUE' }, `${unsecured} does not speak TLS (TEMPORAL_TLS)`);
  });

  it('because its certificate is of an unknown authority, has expired or has another name', async () => {
    const address = await front({ server: certificates.issue(ca!, 'server') });
    const untrusted = `the certificate of ${address} is of an authority that is not trusted (TEMPORAL_TLS_SERVER_CA_CERT_PATH)`;
    await refused(address, { TEMPORAL_TLS: 'true' }, untrusted);
    await refused(address, { TEMPORAL_TLS_SERVER_CA_CERT_DATA: other!.cert }, untrusted);
    const old = await front({ server: certificates.issue(ca!, 'server', { expired: true }) });
    const expired = `the certificate of ${old}, or of its authority (TEMPORAL_TLS_SERVER_CA_CERT_PATH), has expired or is not valid yet`;
    await refused(old, trust(), expired);
    const named = { ...trust(), TEMPORAL_TLS_SERVER_NAME: 'temporal.example' };
    await refused(address, named, `the certificate of ${address} is for another host (TEMPORAL_TLS_SERVER_NAME)`);
    const elsewhere = await front({ server: certificates.issue(ca!, 'server', { names: ['temporal.example'] }) });
    await refused(elsewhere, trust(), `the certificate of ${elsewhere} is for another host (TEMPORAL_TLS_SERVER_NAME)`);
  });

  it('because it wants a client certificate, or another one', async () => {
    const address = await front({ server: certificates.issue(ca!, 'server'), mutual: true });
    const variables = 'TEMPORAL_TLS_CLIENT_CERT_PATH';
    await refused(
      address,
      trust(),
      `${address} wants a client certificate (${variables}, TEMPORAL_TLS_CLIENT_KEY_PATH)`,
    );
    const stranger = certificates.issue(other!, 'client');
    await refused(
      address,
      asClient(stranger),
      `${address} does not take the client certificate, or misses one (${variables})`,
    );
    const old = certificates.issue(ca!, 'client', { expired: true });
    const { env, sentence } = { env: asClient(old), sentence: /expired on .* GMT \(TEMPORAL_TLS_CLIENT_CERT_PATH\)$/ };
    const { temporal } = loadConfig(env);
    const endpoint = { address, namespace: 'default', ui: null, ...temporal };
    await assert.rejects(connect(endpoint, { connectTimeout: '1 s' }), sentence);
  });

  it('because of the API key, or of what it may do', async () => {
    const address = await front({});
    await refused(address, {}, `${address} wants an API key (TEMPORAL_API_KEY_FILE)`);
    const key = { TEMPORAL_API_KEY: 'k-123', TEMPORAL_TLS: 'false' };
    await refused(address, key, `${address} refuses the API key (TEMPORAL_API_KEY)`);
    const denies = await front({ refuse: () => PERMISSION_DENIED });
    await refused(denies, key, `${denies} does not permit it in the namespace "default" (TEMPORAL_API_KEY)`);
  });

  it('and says so to whoever counts refused logins', async () => {
    const address = await front({});
    const error = await connect({ address, namespace: 'default', ui: null }).catch((reason: unknown) => reason);
    assert.equal(isRefusedLogin(error), true);
  });

  it('because a file of ours is missing or no certificate, before it is asked', async () => {
    const address = await front({ server: certificates.issue(ca!, 'server') });
    const missing = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' };
    await refused(address, missing, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH: /nowhere/ca.pem cannot be read');
    await refused(
      address,
      { TEMPORAL_API_KEY_FILE: '/nowhere/key' },
      'TEMPORAL_API_KEY_FILE: /nowhere/key cannot be read',
    );
    const wrong = { ...asClient(certificates.issue(ca!, 'client')), TEMPORAL_TLS_CLIENT_KEY_PATH: ca!.keyFile };
    const unusable = `${address} is not asked: a file is not in PEM, or certificate and key are not a pair (TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH)`;
    await refused(address, wrong, unusable);
  });
});
