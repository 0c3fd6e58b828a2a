/** This module keeps the key ring of a file up to date, so that a rotation needs no restart. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../config.js';
import { shownPath } from '../domain/values/shown.js';
import { type KeyRing, KeyRingError, type PayloadKey, readKeyRing } from './key-ring.js';

/** Milliseconds for which a key ring is used before its file is read again. */
const FRESH_MS = 1_000;

export class KeysFile {
  #text: string;
  #ring: KeyRing;
  #readAt: number;
  #reading: Promise<void> | undefined;
  #fault: string | undefined;

  /**
   * @param onFault hears once of each fault of the file that is found later. The keys read before stay in use then.
   * @throws ConfigError that names the variable, and the line of the file.
   */
  constructor(
    readonly path: string,
    private readonly onFault: (fault: ConfigError) => void = () => undefined,
    /** The clock, in milliseconds. */
    private readonly now: () => number = Date.now,
  ) {
    this.#readAt = now();
    try {
      this.#text = readFileSync(path, 'utf8');
      this.#ring = readKeyRing(this.#text);
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  /** Returns the key that encrypts. */
  async first(): Promise<PayloadKey> {
    if (!this.#isFresh) await this.#readAgain();
    return this.#ring.first;
  }

  /** Returns the key of an id. The file is read again for an id that is unknown. */
  async find(id: string): Promise<PayloadKey | undefined> {
    const known = this.#ring.find(id);
    // A key that was replaced under its id is noticed too.
    if (known !== undefined && this.#isFresh) return known;
    await this.#readAgain();
    return this.#ring.find(id);
  }

  get #isFresh(): boolean {
    return this.now() - this.#readAt < FRESH_MS;
  }

  /** Callers that come while the file is read share what is found. */
  async #readAgain(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  async #read(): Promise<void> {
    this.#readAt = this.now();
    try {
      const text = await readFile(this.path, 'utf8');
      if (text !== this.#text) this.#ring = readKeyRing(text);
      this.#text = text;
      this.#fault = undefined;
    } catch (error) {
      const fault = this.#faultOf(error);
      if (fault.message !== this.#fault) this.onFault(fault);
      this.#fault = fault.message;
    }
  }

  #faultOf(error: unknown): ConfigError {
    const reason = error instanceof KeyRingError ? error.message : 'cannot be read';
    return new ConfigError(`PAYLOAD_KEYS_FILE: ${shownPath(this.path)}: ${reason}`, { cause: error });
  }
}
