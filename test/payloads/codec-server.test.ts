import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { type CodecServer, type CodecServerOptions, serveCodec } from '../../src/payloads/codec-server.js';
import { codecOf } from '../../src/payloads/data-converter.js';
import { fixedSecret, secretInFile } from '../../src/secret.js';
import { keyLine, type KeysFolder, makeKeysFile } from './support.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const PLAIN = { metadata: { encoding: base64('json/plain') }, data: base64('"xyzzy"') };
const UI = 'https://temporal.example.com';

describe('the codec server', () => {
  let keys: KeysFolder;
  let server: CodecServer | undefined;
  beforeEach(async () => (keys = await makeKeysFile(keyLine('a'))));
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await keys.remove();
  });

  const start = async (options: Partial<CodecServerOptions> = {}): Promise<void> => {
    const codec = codecOf({ PAYLOAD_KEYS_FILE: keys.path });
    server = await serveCodec({ codec, host: '127.0.0.1', port: 0, origin: UI, token: undefined, ...options });
  };
  const call = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${server!.port}${path}`, init);
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await call(path, { method: 'POST', body: text, headers });
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const answer = (await response.json()) as { readonly payloads: (typeof PLAIN)[]; readonly error?: string };
    return { status: response.status, headers: response.headers, answer };
  };

  it('encodes and decodes payloads, in order, and leaves plain ones as they are', async () => {
    await start();
    const { status, answer } = await post('/encode', { payloads: [PLAIN] }, { 'x-namespace': 'default' });
    assert.equal(status, 200);
    const [encoded] = answer.payloads;
    const metadata = { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('a') };
    assert.deepEqual(encoded?.metadata, metadata);
    assert.ok(!Buffer.from(encoded.data, 'base64').includes('xyzzy'));
    const decoded = await post('/decode?x=1', { payloads: [PLAIN, encoded] });
    assert.deepEqual([decoded.status, decoded.answer], [200, { payloads: [PLAIN, PLAIN] }]);
    assert.deepEqual((await post('/decode', {})).answer, {});
  });

  it('says in JSON what is wrong with a request', async () => {
    await start();
    const form = 'body: expected {"payloads": [{"metadata": {...}, "data": "base64"}]}: ';
    // An object with a length would be taken for as many bytes.
    const long = '{"payloads": [{"data": {"length": 4000000000}}]}';
    for (const body of ['', 'no JSON', '[', 'null', '"text"', '{"payloads": 1}', '{"payloads": [1]}', long]) {
      const { status, answer } = await post('/decode', body);
      assert.equal(status, 400, body);
      assert.ok(answer.error?.startsWith(form), answer.error);
    }
    const { status, answer } = await post('/other', {});
    assert.deepEqual([status, answer], [404, { error: 'expected /encode or /decode' }]);
    const got = await call('/decode');
    assert.deepEqual([got.status, got.headers.get('allow')], [405, 'POST, OPTIONS']);
    assert.deepEqual(await got.json(), { error: 'expected POST, got GET' });
  });

  it('names the key that it does not have', async () => {
    await start();
    const { answer } = await post('/encode', { payloads: [PLAIN] });
    await server!.close();
    await keys.write(keyLine('b'));
    await start();
    const { status, answer: refused } = await post('/decode', answer);
    const error = `Temporal: a payload is encrypted with the key "a", which is not in ${keys.path} (PAYLOAD_KEYS_FILE)`;
    assert.deepEqual([status, refused], [422, { error }]);
  });

  it('takes 32 MiB at most', async () => {
    await start();
    const large = { payloads: [{ ...PLAIN, data: 'A'.repeat(31 * 1024 * 1024) }] };
    assert.equal((await post('/decode', large)).status, 200);
    const { status, answer } = await post('/decode', 'x'.repeat(32 * 1024 * 1024 + 1));
    assert.deepEqual([status, answer], [413, { error: 'body: expected at most 33554432 bytes' }]);
  });

  it('lets the pages of the Web UI call, and those of no other origin', async () => {
    await start({ token: fixedSecret('CODEC_SERVER_TOKEN', 'word') });
    const headers = { origin: UI, 'access-control-request-method': 'POST' };
    const preflight = await call('/decode', { method: 'OPTIONS', headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), UI);
    assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST, OPTIONS');
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'authorization, content-type, x-namespace');
    assert.equal(preflight.headers.get('vary'), 'origin');
    // A page can read what is wrong only with these headers.
    const refused = await post('/decode', {}, { origin: UI });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, UI]);
    const other = await post('/decode', {}, { origin: 'https://other.example.com', authorization: 'Bearer word' });
    assert.equal(other.status, 403);
    assert.equal(other.headers.get('access-control-allow-origin'), null);
    assert.equal(other.answer.error, `origin: expected ${UI}, got https://other.example.com`);
  });

  it('lets no page call where no origin is set', async () => {
    await start({ origin: null });
    const { status, answer } = await post('/decode', {}, { origin: UI });
    assert.deepEqual([status, answer], [403, { error: `origin: expected none, as no --origin is set, got ${UI}` }]);
    assert.equal((await post('/decode', {})).status, 200);
  });

  it('asks for its token, in any case of the word Bearer', async () => {
    await start({ token: fixedSecret('CODEC_SERVER_TOKEN', 'word') });
    for (const authorization of ['Bearer word', 'bearer  word']) {
      assert.equal((await post('/decode', {}, { authorization })).status, 200, authorization);
    }
    for (const authorization of ['', 'Bearer', 'Bearer wor', 'Bearer words', 'Basic word', 'word', 'xBearer word']) {
      const { status, headers, answer } = await post('/decode', 'no JSON', { authorization });
      assert.equal(status, 401, authorization);
      assert.equal(headers.get('www-authenticate'), 'Bearer');
      assert.deepEqual(answer, { error: 'authorization: expected the bearer token of CODEC_SERVER_TOKEN' });
    }
    assert.equal((await call('/decode', { method: 'POST', body: '{}' })).status, 401);
  });

  it('reads the token again for each request, and says when it cannot', async () => {
    const path = `${keys.path}-token`;
    await writeFile(path, 'old\n');
    await start({ token: secretInFile('CODEC_SERVER_TOKEN_FILE', path) });
    const statusOf = async (token: string) => (await post('/decode', {}, { authorization: `Bearer ${token}` })).status;
    assert.deepEqual([await statusOf('old'), await statusOf('new')], [200, 401]);
    await writeFile(path, 'new\n');
    assert.deepEqual([await statusOf('old'), await statusOf('new')], [401, 200]);
    await writeFile(path, '');
    const { status, answer } = await post('/decode', {});
    assert.deepEqual([status, answer], [500, { error: `CODEC_SERVER_TOKEN_FILE: ${path} is empty` }]);
  });

  it('tells nothing of a defect', async () => {
    const fail = () => Promise.reject(new Error('xyzzy'));
    await start({ codec: { encode: fail, decode: fail } });
    const { status, answer } = await post('/decode', {});
    assert.deepEqual([status, answer], [500, { error: 'internal error' }]);
  });

  it('answers a request that is under way before it ends', async () => {
    await start();
    const socket = connect(server!.port, '127.0.0.1');
    await once(socket, 'connect');
    const body = JSON.stringify({ payloads: [PLAIN] });
    socket.write(`POST /decode HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n{`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = server!.close();
    server = undefined;
    socket.write(body.slice(1));
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(answer.includes(PLAIN.data));
    await closed;
  });

  it('waits 2 s for a request that never ends, and not a minute', async () => {
    await start();
    const socket = connect(server!.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined).write('POST /decode HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const cut = once(socket, 'close');
    const began = performance.now();
    await server!.close();
    server = undefined;
    await cut;
    assert.ok(performance.now() - began > 1_900, 'the request had its time');
  });

  it('fails to start on a port that is taken', async () => {
    await start();
    const { port } = server!;
    const codec = codecOf({});
    const again = serveCodec({ codec, host: '127.0.0.1', port, origin: null, token: undefined });
    await assert.rejects(again, { code: 'EADDRINUSE' });
  });
});
