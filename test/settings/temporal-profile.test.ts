/** These tests check that Temporal's own environment counts: its variables, and before them nothing but options. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { givenEndpoints } from '../../src/cli/context.js';
import { loadConfig, temporalSettings, unreadVariables } from '../../src/config.js';

describe("Temporal's own environment", () => {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-profiles-'));
  const file = join(folder, 'temporal.toml');
  const inFile = { TEMPORAL_CONFIG_FILE: file };
  before(() =>
    writeFileSync(
      file,
      `[profile.default]
address = "cloud.example"
namespace = "lists.acct"
api_key = "key-of-the-file"
[profile.default.grpc_meta]
x-team = "store"
[profile.mutual]
address = "own.example:7"
[profile.mutual.tls]
client_cert_path = "/run/client.crt"
client_key_path = "/run/client.key"
[profile.wrong]
address = "https://own.example"
[profile.number]
api_key = 12345678
[profile.half.tls]
client_key_path = "/run/client.key"
`,
    ),
  );
  after(() => rmSync(folder, { recursive: true }));

  const keyOf = (env: NodeJS.ProcessEnv) => loadConfig(env).temporal.apiKey;

  it('gives address, namespace and credentials by its default profile', async () => {
    const config = loadConfig(inFile);
    assert.deepEqual([config.TEMPORAL_ADDRESS, config.TEMPORAL_NAMESPACE], ['cloud.example:7233', 'lists.acct']);
    assert.deepEqual(config.temporal.metadata, { 'x-team': 'store' });
    assert.deepEqual([await keyOf(inFile)?.read(), keyOf(inFile)?.source], ['key-of-the-file', 'TEMPORAL_CONFIG_FILE']);
    // A profile with an address means a server that is given: no local one is started beside it.
    assert.equal(givenEndpoints(config).temporal?.address, 'cloud.example:7233');
  });

  it('gives another profile by its name, in the environment or as an option', () => {
    const tls = { clientCert: { path: '/run/client.crt' }, clientKey: { path: '/run/client.key' } };
    const byName = loadConfig({ ...inFile, TEMPORAL_PROFILE: 'mutual' });
    assert.deepEqual([byName.TEMPORAL_ADDRESS, byName.temporal], ['own.example:7', { tls }]);
    assert.deepEqual(temporalSettings(inFile, 'mutual').temporal, { tls });
  });

  it('puts each variable before the same field of the profile', async () => {
    const config = loadConfig({
      ...inFile,
      TEMPORAL_PROFILE: 'mutual',
      TEMPORAL_ADDRESS: 'here:1',
      TEMPORAL_NAMESPACE: 'ours',
      TEMPORAL_API_KEY: 'key-of-the-variable',
      TEMPORAL_TLS: 'YES',
      TEMPORAL_TLS_CLIENT_CERT_PATH: '/mnt/client.crt',
      TEMPORAL_TLS_SERVER_NAME: 'frontend',
      TEMPORAL_GRPC_META_X_TEAM: 'lists',
    });
    assert.deepEqual([config.TEMPORAL_ADDRESS, config.TEMPORAL_NAMESPACE], ['here:1', 'ours']);
    assert.deepEqual(config.temporal.tls, {
      disabled: false,
      serverName: 'frontend',
      clientCert: { path: '/mnt/client.crt' },
      clientKey: { path: '/run/client.key' },
    });
    assert.deepEqual(config.temporal.metadata, { 'x-team': 'lists' });
    assert.equal(await config.temporal.apiKey?.read(), 'key-of-the-variable');
    const removed = loadConfig({ ...inFile, TEMPORAL_GRPC_META_X_TEAM: '' });
    assert.deepEqual(removed.temporal.metadata, {});
  });

  it('takes the file of the user where none is named, and none where that has no profile', () => {
    const config = join(folder, 'temporalio');
    mkdirSync(config);
    const ofUser = { XDG_CONFIG_HOME: folder };
    writeFileSync(join(config, 'temporal.toml'), '');
    assert.deepEqual(loadConfig(ofUser).temporal, {});
    writeFileSync(join(config, 'temporal.toml'), '[profile.default]\naddress = "home:1"\n');
    assert.equal(loadConfig(ofUser).TEMPORAL_ADDRESS, 'home:1');
    assert.equal(loadConfig({ ...ofUser, ...inFile }).TEMPORAL_ADDRESS, 'cloud.example:7233');
  });

  it('is refused where it cannot be used, and names the variable, but shows no key', () => {
    const broken = join(folder, 'broken.toml');
    writeFileSync(broken, '[profile.default]\napi_key = "secret-key\n');
    const cases: readonly (readonly [env: NodeJS.ProcessEnv, line: RegExp])[] = [
      [{ TEMPORAL_CONFIG_FILE: broken }, /^TEMPORAL_CONFIG_FILE: expected TOML in .*broken\.toml: Invalid TOML/],
      [{ TEMPORAL_CONFIG_FILE: '/nowhere' }, /^TEMPORAL_CONFIG_FILE: expected a file that can be read, got \/nowhere$/],
      [{ ...inFile, TEMPORAL_PROFILE: 'none' }, /^TEMPORAL_PROFILE: expected a profile that .* has .*, got none$/],
      [{ ...inFile, TEMPORAL_PROFILE: 'wrong' }, /^TEMPORAL_CONFIG_FILE: profile wrong: address: expected host:port/],
      [{ ...inFile, TEMPORAL_PROFILE: 'number' }, /^TEMPORAL_CONFIG_FILE: profile number: apiKey: /],
      [{ ...inFile, TEMPORAL_PROFILE: 'half' }, /^TEMPORAL_TLS_CLIENT_CERT_PATH: expected beside .*KEY_PATH$/],
      [
        { TEMPORAL_TLS_CLIENT_CERT_PATH: 'a', TEMPORAL_TLS_CLIENT_CERT_DATA: 'b' },
        /^TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_DATA: expected one of them/,
      ],
      [
        { TEMPORAL_API_KEY: 'secret-key', TEMPORAL_API_KEY_FILE: 'f' },
        /^TEMPORAL_API_KEY, TEMPORAL_API_KEY_FILE: .*both$/,
      ],
      [{ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }, /^TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: expected false/],
      [{ TEMPORAL_TLS: 'perhaps' }, /^TEMPORAL_TLS: expected/],
    ];
    for (const [env, line] of cases) {
      assert.throws(
        () => loadConfig(env),
        (error: Error) => {
          const [first, second = ''] = error.message.split('\n  ');
          assert.deepEqual([error.name, first], ['ConfigError', 'the environment cannot be used:']);
          assert.match(second, line);
          assert.doesNotMatch(`${error.message}${String(error.cause)}`, /secret-key|12345678/);
          return true;
        },
      );
    }
  });

  it('has no variable that is said to be unread', () => {
    const env = { TEMPORAL_TLS: 'true', TEMPORAL_GRPC_META_X_TEAM: 'store', TEMPORAL_PROFIL: 'x' };
    assert.deepEqual(unreadVariables(env), [{ name: 'TEMPORAL_PROFIL', nearest: 'TEMPORAL_PROFILE' }]);
  });
});
