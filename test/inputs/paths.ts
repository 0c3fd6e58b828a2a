/**
 * This module sends bytes on both paths: as a file of `bridge execute` and the client, and as a message to the intake.
 * It needs no server: each path is followed up to what would be executed.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRequests } from '../../src/cli/input.js';
import { readRequest } from '../../src/client/given-request.js';
import { planList } from '../../src/domain/execution/plan.js';
import { parseRequest, type RequestInput } from '../../src/domain/execution/request.js';
import { readEnvelope } from '../../src/intake/envelope-reader.js';
import { definitions } from '../support/definitions.js';

/**
 * An answer is the reason why there is no list, or what becomes of the intents of a list. That is their payload as it
 * is executed, or the reason why the intent is rejected.
 */
export type Answer = string | readonly unknown[];

/** A row shows one form of docs/inputs.md on both paths. */
export interface Row {
  /** The form, as the first column of the page has it. */
  readonly form: string;
  readonly what: string;
  /** The bytes; null is nothing to read: a directory instead of a file, and a message without a value. */
  readonly given: string | Uint8Array | null;
  /** The answers of `bridge execute`, one for each list or refusal, and its notes. */
  readonly file: readonly Answer[];
  readonly notes?: readonly string[];
  /** The answer of the intake. */
  readonly message: Answer;
}

export const EVENT_ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
export const ID = '7c9e6679-7425-40de-944b-e07fc1f90ae7';

/** Returns the text of an envelope with intents, which are text too: not all of it is JSON. */
export const envelopeOf = (...intents: readonly string[]): string =>
  `{"envelope_version":"1.0","event_id":"${EVENT_ID}","event_type":"INTENT_EMITTED","payload":{"intents":[${intents.join()}]}}`;

/** Returns the text of an intent that publishes `{"a": {"b": own}}`. */
export const publishing = (own: string): string =>
  `{"intent_type":"PublishEvent","target":"event_bus","payload":{"event_type":"NODE_HEARTBEAT","a":{"b":${own}}}}`;
export const published = (own: unknown) => ({ event_type: 'NODE_HEARTBEAT', a: { b: own } });

function plannedOf(intents: readonly unknown[], options: unknown): unknown[] {
  const scope = { request_id: 'r', correlation_id: 'c' };
  const request = parseRequest({ intents: [], options });
  const { parsed } = planList(intents, scope, request.options, definitions);
  return parsed.map((one) => (one.ok ? (JSON.parse(JSON.stringify(one.payload)) as unknown) : one.error));
}

/** Returns what becomes of a request that a caller gives to the client. */
export function byClient(given: RequestInput): Answer {
  const { intents, options } = readRequest(given);
  return plannedOf(intents, options);
}

/** Returns what becomes of a file: the answers, and the notes. @param bytes null: a directory is named. */
export async function byFile(bytes: Row['given']) {
  const directory = await mkdtemp(join(tmpdir(), 'bridge-inputs-'));
  const path = bytes === null ? directory : join(directory, 'list');
  const answers: Answer[] = [];
  const notes: string[] = [];
  try {
    if (bytes !== null) await writeFile(path, bytes);
    for await (const item of readRequests(path)) {
      answers.push(item.ok ? byClient(item.request) : item.error);
      if (item.ok && item.note !== undefined) notes.push(item.note);
    }
  } catch (error) {
    assert.ok(error instanceof Error);
    answers.push(error.message.replace(path, 'FILE'));
  } finally {
    await rm(directory, { recursive: true });
  }
  return { answers, notes };
}

/** Returns what becomes of a message. */
export function byMessage(bytes: Row['given']): Answer {
  const read = readEnvelope(bytes === null ? null : Buffer.from(bytes));
  return read.ok ? plannedOf(read.list.intents, read.list.options) : read.reason;
}
