/** This module parses one raw intent: the fields every intent has, then its type's payload. */
import { z } from 'zod';
import type { AnyIntentDefinition } from './definition.js';
import { guid, jsonObject } from './fields.js';
import { payloadHash } from '../values/ids.js';
import { findJsonProblem, shortenJson, shortenMiddle, shown } from '../values/json.js';
import { describeIssue, isObject } from '../values/issue.js';
import { DEFAULT_LIMITS, jsonBytes } from '../values/limits.js';

/** This map has the definitions of intent types by name. */
export type DefinitionsByType = ReadonlyMap<string, AnyIntentDefinition>;

export interface ParsedIntent {
  readonly ok: true;
  readonly definition: AnyIntentDefinition;
  readonly payload: unknown;
  readonly priority: number;
  /** The caller's id, if there is one. */
  readonly intentId: string | null;
  readonly hash: string;
  readonly bytes: number;
}

export interface RejectedIntent {
  readonly ok: false;
  /** The reason, as `path: expected …, got …`. */
  readonly error: string;
  readonly intentType: string;
  readonly priority: number;
  readonly intentId: string | null;
  readonly hash: string;
}

/** Fields that every intent has; their descriptions become docs/intents.md. */
export const intentFields = z
  .looseObject({
    intent_type: z.string().describe('The type of the intent. It decides the effect and the shape of the payload.'),
    target: z.string().describe('The target of the type: `event_bus` for PublishEvent, else `store_effect`.'),
    payload: jsonObject.describe("The effect's data, as its type asks for."),
    priority: z
      .int()
      .nullish()
      .describe('Higher runs earlier. Default: the priority of the type. A list may have 32 distinct ones.'),
    intent_id: guid
      .nullish()
      .describe('The id by which a repeat is recognised. Default: derived from request id, index and content.'),
  })
  .describe('Further fields are ignored.');

/**
 * The most bytes of a rejection and of a type, in JSON. With the fields beside them, the plan of 2,000 takes 1.4 MB.
 */
const ERROR_BYTES = 500;
const TYPE_BYTES = 100;

export function parseIntent(raw: unknown, definitions: DefinitionsByType): ParsedIntent | RejectedIntent {
  const fields = isObject(raw) ? raw : {};
  const definition = typeof fields['intent_type'] === 'string' ? definitions.get(fields['intent_type']) : undefined;
  const priority = Number.isSafeInteger(fields['priority']) ? (fields['priority'] as number) : undefined;
  // Most intents bring no id, and a refusal costs as much as the rest of the head.
  const intentId = typeof fields['intent_id'] === 'string' ? (guid.safeParse(fields['intent_id']).data ?? null) : null;
  const problem = findJsonProblem(raw, DEFAULT_LIMITS.depth);
  // No recursive code, the hash included, walks nesting that is deeper than allowed.
  const hash = problem === null ? payloadHash(fields['intent_type'], fields['payload']) : payloadHash(null, problem);
  const reject = (error: string): RejectedIntent => ({
    ok: false,
    // The plan holds an error for every rejected intent of a list, and has to stay under 2 MB.
    error: shortenJson(error, ERROR_BYTES, shortenMiddle),
    intentType:
      typeof fields['intent_type'] === 'string'
        ? shortenJson(fields['intent_type'].toWellFormed(), TYPE_BYTES)
        : 'unknown',
    priority: priority ?? definition?.defaultPriority ?? 0,
    intentId,
    hash,
  });

  if (!isObject(raw)) return reject(`intent: expected an object, got ${shown(raw)}`);
  if (problem !== null) return reject(`${problem.path}: ${problem.problem}`);
  const head = intentFields.safeParse(raw);
  if (!head.success) return reject(describeIssue(head.error, raw, 'intent'));
  if (definition === undefined) {
    const known = [...definitions.keys()].join(', ');
    return reject(`intent_type: expected one of ${known}, got ${shown(head.data.intent_type)}`);
  }
  const { type, target } = definition;
  if (head.data.target !== target) {
    return reject(`target: expected ${JSON.stringify(target)} for ${type}, got ${shown(head.data.target)}`);
  }
  const body = definition.schema.safeParse(head.data.payload);
  if (!body.success) return reject(describeIssue(body.error, head.data.payload, 'payload', ['payload']));
  const bytes = jsonBytes(raw);
  if (bytes > definition.limits.bytes) {
    return reject(`payload: expected at most ${definition.limits.bytes} bytes of JSON, got object of ${bytes} bytes`);
  }
  return {
    ok: true,
    definition,
    payload: body.data,
    priority: head.data.priority ?? definition.defaultPriority,
    intentId,
    hash,
    bytes,
  };
}
