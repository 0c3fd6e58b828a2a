/**
 * This module reads the lists of `bridge execute`: a JSON list of intents, an object `{intents, ...}`, or NDJSON with
 * one such object a line. An invalid list is refused by the number of its line.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { checkLimits } from '../domain/values/limits.js';
import { parseRequest, type RequestInput } from '../domain/execution/request.js';
import { serializable } from '../domain/values/serializable.js';
import { UsageError } from './errors.js';

/** An input item is a list, or the reason why a line holds none. `line` counts from 1. */
export type InputItem =
  | { readonly ok: true; readonly line: number; readonly request: RequestInput }
  | { readonly ok: false; readonly line: number; readonly error: string };

/** @param path a file, or `-` for standard input. */
export async function* readRequests(path: string): AsyncGenerator<InputItem> {
  const source = path === '-' ? process.stdin : createReadStream(path);
  let buffered: { line: number; text: string }[] | null = [];
  for await (const { line, text } of linesOf(source, path)) {
    if (text.trim() === '') continue;
    if (buffered === null) {
      yield itemOf(line, text);
      continue;
    }
    buffered.push({ line, text });
    // A line that is an object of its own makes the input NDJSON, be it a later line because the first is broken.
    if (buffered.length >= 2 && (isObject(buffered[0]?.text ?? '') || isObject(text, 'intents'))) {
      for (const item of buffered) yield itemOf(item.line, item.text);
      buffered = null;
    }
  }
  if (buffered === null) return;
  if (buffered.length === 0) throw new UsageError(`${nameOf(path)}: expected a list of intents, got nothing`);
  const [only] = buffered;
  yield buffered.length === 1 && only !== undefined
    ? itemOf(only.line, only.text)
    : itemOf(only?.line ?? 1, buffered.map(({ text }) => text).join('\n'));
}

async function* linesOf(source: Readable, path: string): AsyncGenerator<{ line: number; text: string }> {
  let line = 0;
  try {
    for await (const text of createInterface({ input: source, crlfDelay: Infinity })) yield { line: (line += 1), text };
  } catch (error) {
    throw new UsageError(`${nameOf(path)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function itemOf(line: number, text: string): InputItem {
  try {
    const value: unknown = JSON.parse(line === 1 ? text.replace(/^\uFEFF/, '') : text);
    const request = parseRequest(serializable(Array.isArray(value) ? { intents: value } : value));
    checkLimits(request.intents);
    return { ok: true, line, request };
  } catch (error) {
    return { ok: false, line, error: error instanceof Error ? error.message : String(error) };
  }
}

function isObject(text: string, withKey?: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    return withKey === undefined || withKey in value;
  } catch {
    return false;
  }
}

const nameOf = (path: string): string => (path === '-' ? 'standard input' : path);
