/**
 * This module reads the lists of `bridge execute`: JSON lists of intents, objects `{intents, ...}` and envelopes, as
 * many as there are, and intents that stand alone. What holds no list is refused by the number of its line.
 */
import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { parseRequest, type RequestInput } from '../domain/execution/request.js';
import { counted } from '../domain/intents/definition.js';
import { isObject } from '../domain/values/issue.js';
import { shorten, shown } from '../domain/values/json.js';
import { checkLimits, DEFAULT_LIMITS } from '../domain/values/limits.js';
import { serializable } from '../domain/values/serializable.js';
import { envelopeList } from '../intake/envelope-reader.js';
import { type Document, documentsOf } from './documents.js';
import { UsageError } from './errors.js';
import { linesOf } from './lines.js';

/** An input item is a list, or the reason why a line holds none. `line` counts from 1. */
export type InputItem =
  | { readonly ok: true; readonly line: number; readonly request: RequestInput; readonly note?: string }
  | { readonly ok: false; readonly line: number; readonly error: string };

/** A list as it is wanted, for whoever has sent something else. */
export const EXAMPLE =
  '[{"intent_type": "PublishEvent", "target": "event_bus", "payload": {"event_type": "NODE_HEARTBEAT"}}]';

/**
 * Reads an input as it comes. Intents that stand alone, such as one a line, are one list in their order.
 * @param path a file, or `-` for standard input.
 * @param signal ends the reading.
 * @throws UsageError where there is nothing to read.
 */
export async function* readRequests(path: string, signal?: AbortSignal): AsyncGenerator<InputItem> {
  const intents: unknown[] = [];
  let firstIntent = 0;
  let other = 0;
  for await (const document of documentsIn(path, signal)) {
    if ('value' in document && isObject(document.value) && kindOf(document.value) === 'intent') {
      firstIntent ||= document.line;
      // No more of them are kept than a list may have; the others are counted.
      intents.push(intents.length < DEFAULT_LIMITS.intents ? document.value : null);
    } else {
      other ||= document.line;
      yield itemOf(document);
    }
  }
  if (intents.length === 0 && other === 0) {
    throw new UsageError(`${nameOf(path)}: expected a list of intents, got nothing; wanted: ${EXAMPLE}`);
  }
  if (intents.length > 0) yield listOfAlone(intents, firstIntent, other);
}

async function* documentsIn(path: string, signal?: AbortSignal): AsyncGenerator<Document> {
  const source = path === '-' ? process.stdin : createReadStream(path);
  if (signal !== undefined) addAbortSignal(signal, source);
  try {
    yield* documentsOf(linesOf(source), isList);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EISDIR' ? 'expected a file, got a directory; wanted: cat DIRECTORY/*.json | bridge ... -' : message;
    throw new UsageError(`${nameOf(path)}: ${why}`, { cause: error });
  }
}

/** Makes intents that stand alone one list. @param other the first line that holds something else; 0 for none. */
function listOfAlone(intents: readonly unknown[], line: number, other: number): InputItem {
  if (other > 0) {
    const what = `${counted(intents.length, 'intent')} alone, and another kind of line at ${other}`;
    return { ok: false, line, error: `expected lists, or nothing but intents, got ${what}` };
  }
  const item = itemOf({ line, value: intents });
  if (!item.ok || intents.length === 1) return item;
  return { ...item, note: `${counted(intents.length, 'intent')} that stand alone are one list, in their order` };
}

function itemOf(document: Document): InputItem {
  const { line } = document;
  if ('problem' in document) return { ok: false, line, error: wanted(document.problem) };
  try {
    const request = parseRequest(serializable(requestIn(document.value)));
    checkLimits(request.intents);
    return { ok: true, line, request };
  } catch (error) {
    return { ok: false, line, error: error instanceof Error ? error.message : String(error) };
  }
}

const wanted = (problem: string): string => `${problem}; wanted: ${EXAMPLE}`;

/** Returns the request of a document. @throws UsageError where it has none. */
function requestIn(value: unknown): unknown {
  if (Array.isArray(value)) {
    if (!value.some((item) => isList(item))) return { intents: value };
    throw new UsageError(wanted('expected intents, got a list of lists, each of which needs a line of its own'));
  }
  if (!isObject(value)) throw new UsageError(wanted(`expected a list of intents, got ${shown(value)}`));
  switch (kindOf(value)) {
    case 'list':
      return value;
    case 'envelope':
      return requestOfEnvelope(value);
    default:
      throw new UsageError(wanted(`expected a list of intents, got object with ${fieldsOf(value)}`));
  }
}

/** Returns the list of an envelope under the name that it has at the intake, so that its intents have the same ids. */
function requestOfEnvelope(value: unknown): RequestInput {
  const read = envelopeList(value);
  if (!read.ok) throw new UsageError(read.reason);
  const { event_id, request_id = event_id, correlation_id, options, intents } = read.list;
  return { intents: [...intents], request_id, correlation_id, ...(options === undefined ? {} : { options }) };
}

function kindOf(value: Readonly<Record<string, unknown>>): 'list' | 'envelope' | 'intent' | null {
  if ('intents' in value) return 'list';
  if ('envelope_version' in value) return 'envelope';
  return 'intent_type' in value ? 'intent' : null;
}

/** Returns whether a value is a list of its own, in any of its forms. */
function isList(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => isObject(item) && kindOf(item) === 'intent');
  return isObject(value) && ['list', 'envelope'].includes(kindOf(value) ?? '');
}

const MOST_FIELDS = 5;
const fieldsOf = (value: object): string =>
  Object.keys(value)
    .slice(0, MOST_FIELDS)
    .map((name) => JSON.stringify(shorten(name)))
    .join(', ') || 'no fields';

const nameOf = (path: string): string => (path === '-' ? 'standard input' : path);
