/**
 * This module reads an INTENT_EMITTED message as the topic has it: into its list, or into the reason why it is invalid.
 * It is pure.
 */
import { z } from 'zod';
import { guid, jsonObject, listName } from '../domain/intents/fields.js';
import { findJsonProblem, shortenMiddle } from '../domain/values/json.js';
import { DEFAULT_LIMITS, jsonBytes, type ListLimits } from '../domain/values/limits.js';
import { parseJson } from '../domain/values/json-text.js';
import { describeIssue } from '../domain/values/issue.js';
import { serializable } from '../domain/values/serializable.js';
import { readUtf8 } from '../domain/values/utf8.js';
import { type RawMessage, REASON_LENGTH } from '../domain/dead-letters/rejected-copy.js';
import type { SliceList } from '../domain/intake/list.js';

export type ReadEnvelope =
  | {
      readonly ok: true;
      readonly list: SliceList;
      /** Bytes of the message. */
      readonly bytes: number;
    }
  | Refused;

interface Refused {
  readonly ok: false;
  /** The reason in the form `path: expected …, got …`. */
  readonly reason: string;
}

/** The offset, and the time in milliseconds since 1970; 0 when it is unknown. */
type MessageOrigin = Partial<Pick<RawMessage, 'timestamp' | 'offset'>>;

/** This schema has the fields that the intake reads; its descriptions become docs/intents.md. */
export const intentEmitted = z
  .looseObject({
    envelope_version: z.literal('1.0').describe('The version of the envelope.'),
    event_id: guid.describe(
      'The id of the event. The same id is the same list, however often and in whatever case it arrives.',
    ),
    event_type: z.literal('INTENT_EMITTED').describe('The type of the event.'),
    correlation_id: listName
      .nullish()
      .describe('The correlation id of the list. Default: its request id, else the `event_id`.'),
    payload: z
      .looseObject({
        intents: z.array(z.unknown()).describe('The intents of the list.'),
        request_id: listName.nullish().describe('The name of the list. Default: the `event_id`.'),
        options: jsonObject.nullish().describe('How the list is executed, as in a request.'),
      })
      .describe('The list.'),
  })
  .describe('Other fields, of the envelope and of its payload, are yours and are not read.');

/** The year 10,000, in milliseconds since 1970. Times behind it have another form, and no producer means them. */
const YEAR_10000 = 253_402_300_800_000;

/** @param origin the offset, and the time in milliseconds since 1970; 0 when it is unknown. */
export function readEnvelope(
  value: Uint8Array | null,
  origin: MessageOrigin = {},
  limits: ListLimits = DEFAULT_LIMITS,
): ReadEnvelope {
  if (value === null) return refuse('envelope: expected JSON, got nothing');
  const read = readUtf8(value);
  if (!read.ok) return refuse(`envelope: ${read.problem}`);
  const json = parseJson(read.text);
  if (!json.ok) return refuse(`envelope: ${json.problem} at line ${json.line}, column ${json.column}`);
  const found = envelopeList(json.value, origin, limits);
  if (!found.ok) return found;
  // A message is at least as long as its list's JSON, because spaces and escapes only make it longer. So the list is
  // printed again only for a message over the limit.
  if (value.length > limits.bytes) {
    const bytes = jsonBytes(found.list);
    if (bytes > limits.bytes) {
      return refuse(`payload.intents: expected at most ${limits.bytes} bytes of JSON, got array of ${bytes} bytes`);
    }
  }
  return { ...found, bytes: value.length };
}

const refuse = (reason: string): Refused => ({ ok: false, reason: shortenMiddle(reason, REASON_LENGTH) });

/** Returns the list of an envelope, wherever it was read. Its bytes are checked by whoever knows them. */
export function envelopeList(
  raw: unknown,
  { timestamp = 0, offset }: MessageOrigin = {},
  limits: ListLimits = DEFAULT_LIMITS,
): { readonly ok: true; readonly list: SliceList } | Refused {
  const parsed = intentEmitted.safeParse(raw);
  if (!parsed.success) return refuse(describeIssue(parsed.error, raw, 'envelope'));
  const { event_id, correlation_id, payload } = parsed.data;
  const written = String((raw as Record<string, unknown>)['event_id']);
  const { intents, request_id, options } = payload;
  if (intents.length > limits.intents) {
    return refuse(`payload.intents: expected at most ${limits.intents} intents, got array of ${intents.length}`);
  }
  const problem = findJsonProblem({ correlation_id, request_id, options }, limits.depth);
  if (problem !== null) return refuse(`payload.${problem.path}: ${problem.problem}`);
  const list: SliceList = {
    event_id,
    ...(written === event_id ? {} : { written_event_id: written }),
    correlation_id: correlation_id ?? null,
    ...(offset === undefined ? {} : { offset }),
    ...(timestamp > 0 && timestamp < YEAR_10000 ? { emitted_at: new Date(timestamp).toISOString() } : {}),
    ...(request_id == null ? {} : { request_id }),
    ...(options == null ? {} : { options }),
    // Intents are made serializable as in the client: one nested too deep is cut and reported by name. Others run.
    intents: serializable(intents) as unknown[],
  };
  return { ok: true, list };
}
