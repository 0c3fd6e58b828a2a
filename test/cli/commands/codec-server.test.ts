import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { keyLine, type KeysFolder, makeKeysFile } from '../../payloads/support.js';
import { bridgeHere } from '../../support/bridge-here.js';

/** Addresses at which nobody listens: none of these commands gets as far as that. */
const NOWHERE = {
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  DATABASE_URL: 'postgres://127.0.0.1:1/bridge',
  KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1',
  PORT: '0',
};

describe('bridge codec-server', () => {
  let keys: KeysFolder;
  before(async () => (keys = await makeKeysFile(keyLine('a'))));
  after(() => keys.remove());

  const refuses = async (args: readonly string[], env: NodeJS.ProcessEnv, message: string) => {
    const { code, stderr } = await bridgeHere(['codec-server', ...args], { ...NOWHERE, ...env });
    assert.deepEqual([code, stderr], [2, `bridge: ${message}\n`]);
  };

  it('needs keys', () => refuses([], {}, 'PAYLOAD_KEYS_FILE: expected the file of the keys, got nothing'));

  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example.com']) {
    it(`listens on ${host} with a token only`, () =>
      refuses(
        ['--host', host],
        { PAYLOAD_KEYS_FILE: keys.path },
        `--host ${host}: expected CODEC_SERVER_TOKEN or CODEC_SERVER_TOKEN_FILE, as others can reach this address`,
      ));
  }

  it('refuses what is no origin', () =>
    refuses(
      ['--origin', 'temporal'],
      { PAYLOAD_KEYS_FILE: keys.path },
      '--origin: expected a URL such as https://temporal.example.com, got temporal',
    ));

  for (const port of ['65536', '-1', 'http', '']) {
    it(`refuses the port ${JSON.stringify(port)}`, async () => {
      const { code, stderr } = await bridgeHere(['codec-server', '--port', port], NOWHERE);
      assert.equal(code, 2);
      assert.match(stderr, /expected a port number from 0 to 65535/);
    });
  }

  it('says when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      await refuses(
        ['--port', String(port)],
        { PAYLOAD_KEYS_FILE: keys.path },
        `--host 127.0.0.1 --port ${port}: cannot listen there`,
      );
    } finally {
      other.close();
    }
  });
});

describe('a command with keys that cannot be used', () => {
  for (const args of [['worker'], ['status', 'a'], ['codec-server']]) {
    it(`ends with 2, and names the variable and the line: ${args.join(' ')}`, async () => {
      const keys = await makeKeysFile('a short\n');
      const { code, stderr } = await bridgeHere(args, { ...NOWHERE, PAYLOAD_KEYS_FILE: keys.path });
      await keys.remove();
      const reason = 'line 1: expected the key in base64, as from "openssl rand -base64 32"';
      assert.deepEqual([code, stderr], [2, `bridge: PAYLOAD_KEYS_FILE: ${keys.path}: ${reason}\n`]);
    });
  }
});
