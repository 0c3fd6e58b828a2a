import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { EncryptionCodec } from '../../src/payloads/encryption-codec.js';
import { readKeyRing } from '../../src/payloads/key-ring.js';
import { keyLine } from './support.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const [a, b] = [keyLine('a'), keyLine('b')];

/** Makes a codec of a key ring that does not change. */
const codecWith = (...lines: readonly string[]): EncryptionCodec => {
  const ring = readKeyRing(lines.join(''));
  return new EncryptionCodec({
    path: '/keys',
    first: () => Promise.resolve(ring.first),
    find: (id) => Promise.resolve(ring.find(id)),
  });
};
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload!);
const metadataOf = ({ metadata }: Payload) =>
  Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString()]));
/** Returns a payload with other data. */
const withData = (payload: Payload, data: Uint8Array): Payload => ({ ...payload, data });
const fails = (payloads: Payload[], codec: EncryptionCodec, message: string) =>
  assert.rejects(codec.decode(payloads), {
    name: 'EffectError',
    failureClass: 'unavailable',
    store: 'temporal',
    message: `Temporal: a payload is encrypted with the key ${message}`,
  });
const CHANGED = '"a", but not with the one of this id in /keys (PAYLOAD_KEYS_FILE), or it was changed since';

describe('the encryption of payloads', () => {
  it('gives back what it was given, in order', async () => {
    const codec = codecWith(a);
    const values = ['a text', { nested: [1, null, 'ü'] }, undefined, null, new Uint8Array([0, 255]), ''];
    const encoded = await codec.encode(values.map(payloadOf));
    assert.deepEqual((await codec.decode(encoded)).map(valueOf), values);
    assert.deepEqual(await codec.encode([]), []);
    assert.deepEqual(await codec.decode([]), []);
  });

  it('says in clear only that a payload is encrypted, and with which key', async () => {
    const [encoded] = await codecWith(a, b).encode([payloadOf({ secret: 'xyzzy' })]);
    assert.deepEqual(metadataOf(encoded!), { encoding: 'binary/encrypted', 'encryption-key-id': 'a' });
    assert.deepEqual(Object.keys(encoded!).sort(), ['data', 'metadata']);
    const bytes = Buffer.from(PayloadMessage.encode(encoded!).finish());
    for (const word of ['xyzzy', 'secret', 'json/plain']) assert.equal(bytes.indexOf(word), -1, word);
  });

  it('takes a new nonce for each payload', async () => {
    const twice = await codecWith(a).encode([payloadOf('same'), payloadOf('same')]);
    const nonces = new Set(twice.map(({ data }) => Buffer.from(data!).subarray(0, 12).toString('hex')));
    assert.equal(nonces.size, 2);
  });

  it('adds 150 bytes at most, however large a payload is', async () => {
    for (const size of [0, 1_000, 1_500_000]) {
      const payload = payloadOf('x'.repeat(size));
      const [encoded] = await codecWith(keyLine('k'.repeat(32))).encode([payload]);
      const added = PayloadMessage.encode(encoded!).finish().length - PayloadMessage.encode(payload).finish().length;
      assert.ok(added > 28 && added <= 150, `${added} bytes are added`);
    }
  });

  it("has the form of the samples of Temporal's SDKs: nonce, text, tag", async () => {
    const payload = payloadOf({ for: 'another language' });
    const { key } = readKeyRing(a).first;
    const [encoded] = await codecWith(a).encode([payload]);
    const data = Buffer.from(encoded!.data!);
    const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, 12)).setAuthTag(data.subarray(-16));
    const plain = Buffer.concat([decipher.update(data.subarray(12, -16)), decipher.final()]);
    assert.deepEqual(plain, Buffer.from(PayloadMessage.encode(payload).finish()));

    const nonce = Buffer.alloc(12, 7);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const theirs = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const [decoded] = await codecWith(b, a).decode([withData(encoded!, theirs)]);
    assert.deepEqual(valueOf(decoded), { for: 'another language' });
  });

  it('leaves payloads that are not encrypted as they are', async () => {
    const plain = [payloadOf({ of: 'before' }), { data: Buffer.from('x') }, { metadata: {} }, payloadOf(undefined)];
    for (const codec of [codecWith(a), new EncryptionCodec(null)]) {
      const decoded = await codec.decode(plain);
      assert.ok(decoded.every((payload, index) => payload === plain[index]));
    }
    const [encoded] = await codecWith(a).encode([payloadOf('mixed')]);
    const [first, second] = await codecWith(a).decode([plain[0]!, encoded!]);
    assert.deepEqual([valueOf(first), valueOf(second)], [{ of: 'before' }, 'mixed']);
  });

  it('encrypts nothing without keys', async () => {
    const plain = [payloadOf('x')];
    assert.equal(await new EncryptionCodec(null).encode(plain), plain);
  });

  it('encrypts with the first key, and decrypts with all', async () => {
    const [old] = await codecWith(a).encode([payloadOf('old')]);
    const rotated = codecWith(b, a);
    const [now] = await rotated.encode([payloadOf('new')]);
    assert.equal(metadataOf(now!)['encryption-key-id'], 'b');
    assert.deepEqual((await rotated.decode([old!, now!])).map(valueOf), ['old', 'new']);
  });

  it('names the key and the variable when it has no keys, or not this one', async () => {
    const encoded = await codecWith(a).encode([payloadOf('x')]);
    await fails(encoded, new EncryptionCodec(null), '"a", and PAYLOAD_KEYS_FILE is not set');
    await fails(encoded, codecWith(b), '"a", which is not in /keys (PAYLOAD_KEYS_FILE)');
  });

  it('shortens and quotes the key id of a stranger', async () => {
    const [encoded] = await codecWith(a).encode([payloadOf('x')]);
    const named = (id: string | undefined): Payload => {
      const { 'encryption-key-id': _, ...rest } = encoded!.metadata!;
      return {
        ...encoded!,
        metadata: { ...rest, ...(id === undefined ? {} : { 'encryption-key-id': Buffer.from(id) }) },
      };
    };
    await fails([named('a"\n')], codecWith(a), '"a\\"\\n", which is not in /keys (PAYLOAD_KEYS_FILE)');
    await fails([named(undefined)], codecWith(a), '"", which is not in /keys (PAYLOAD_KEYS_FILE)');
    const long = `"${'k'.repeat(80)}… (500 characters)", which is not in /keys (PAYLOAD_KEYS_FILE)`;
    await fails([named('k'.repeat(500))], codecWith(a), long);
  });

  it('refuses a payload that another key has encrypted, or that was changed in any byte', async () => {
    const [encoded] = await codecWith(keyLine('a')).encode([payloadOf('x')]);
    await fails([encoded!], codecWith(a), CHANGED);
    const [own] = await codecWith(a).encode([payloadOf('x')]);
    const data = Buffer.from(own!.data!);
    for (const [at] of data.entries()) {
      const changed = Buffer.from(data);
      changed[at] = data[at]! ^ 1;
      await fails([withData(own!, changed)], codecWith(a), CHANGED);
    }
  });

  it('refuses a payload that was cut, also within its tag', async () => {
    const [own] = await codecWith(a).encode([payloadOf('x')]);
    const data = Buffer.from(own!.data!);
    for (const length of [0, 5, 12, 15, 16, 24, 27, 28, data.length - 1]) {
      await fails([withData(own!, data.subarray(0, length))], codecWith(a), CHANGED);
    }
    await fails([{ metadata: own!.metadata! }], codecWith(a), CHANGED);
  });

  it('refuses a tag of 4 bytes, which can be guessed', async () => {
    const [own] = await codecWith(a).encode([payloadOf('x')]);
    const nonce = Buffer.alloc(12, 7);
    const cipher = createCipheriv('aes-256-gcm', readKeyRing(a).first.key, nonce);
    cipher.final();
    const forged = Buffer.concat([nonce, cipher.getAuthTag().subarray(0, 4)]);
    await fails([withData(own!, forged)], codecWith(a), CHANGED);
  });
});
