/**
 * This codec encrypts payloads on their way to Temporal, and decrypts those that come from there. The form is that of
 * the encryption samples of Temporal's SDKs, so that a client in another language reads it (ADR 0037).
 */
import { METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { EffectError } from '../domain/failures/failure.js';
import { shorten } from '../domain/values/json.js';
import { decrypt, encrypt } from './encryption.js';
import type { PayloadKey } from './key-ring.js';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const ENCODING = Buffer.from('binary/encrypted');
/** The metadata that names the key. */
const KEY_ID = 'encryption-key-id';

/** The keys are those of a `KeysFile`. */
export interface Keys {
  readonly path: string;
  first(): Promise<PayloadKey>;
  find(id: string): Promise<PayloadKey | undefined>;
}

export class EncryptionCodec implements PayloadCodec {
  /** @param keys null encrypts nothing, and says of an encrypted payload what is missing. */
  constructor(private readonly keys: Keys | null) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    if (this.keys === null) return payloads;
    const { id, key } = await this.keys.first();
    return payloads.map((payload) => ({
      metadata: { [METADATA_ENCODING_KEY]: ENCODING, [KEY_ID]: Buffer.from(id) },
      data: encrypt(key, PayloadMessage.encode(payload).finish()),
    }));
  }

  /**
   * Leaves a payload that is not encrypted as it is: those of before stay readable.
   * @throws EffectError of class `unavailable` that names the key id and the variable.
   */
  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(payloads.map((payload) => this.#decode(payload)));
  }

  async #decode(payload: Payload): Promise<Payload> {
    const { [METADATA_ENCODING_KEY]: encoding, [KEY_ID]: keyId } = payload.metadata ?? {};
    if (encoding == null || !ENCODING.equals(encoding)) return payload;
    const id = Buffer.from(keyId ?? []).toString();
    const encrypted = `a payload is encrypted with the key ${JSON.stringify(shorten(id))}`;
    if (this.keys === null) throw unavailable(`${encrypted}, and PAYLOAD_KEYS_FILE is not set`);
    const found = await this.keys.find(id);
    const file = `${this.keys.path} (PAYLOAD_KEYS_FILE)`;
    if (found === undefined) throw unavailable(`${encrypted}, which is not in ${file}`);
    try {
      return PayloadMessage.decode(decrypt(found.key, payload.data ?? Buffer.alloc(0)));
    } catch (cause) {
      throw unavailable(`${encrypted}, but not with the one of this id in ${file}, or it was changed since`, cause);
    }
  }
}

/** Returns a failure that is tried again: the key may still come. */
const unavailable = (problem: string, cause?: unknown): EffectError =>
  new EffectError('unavailable', `Temporal: ${problem}`, { store: 'temporal', cause });
