/** This module has the files of test/data/field: inputs as people have sent them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EVENT_ID } from './paths.js';

export const pathOf = (name: string): string => fileURLToPath(new URL(`../data/field/${name}`, import.meta.url));
export const bytesOf = (name: string): Buffer => readFileSync(pathOf(name));

/**
 * Returns the bytes of a list as the payload of an envelope, untouched.
 * @param bytes a JSON list of intents, or an object with one.
 */
export function enveloped(bytes: Buffer, eventId = EVENT_ID): Buffer {
  const [before, after] = bytes.toString('latin1').startsWith('[') ? ['{"intents":', '}'] : ['', ''];
  const head = `{"envelope_version":"1.0","event_id":"${eventId}","event_type":"INTENT_EMITTED","payload":${before}`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from(`${after}}`)]);
}

/** Returns the message of a record `{key, value}`. */
export const valueOf = (name: string): Buffer =>
  Buffer.from(JSON.stringify((JSON.parse(bytesOf(name).toString()) as { readonly value: unknown }).value));
