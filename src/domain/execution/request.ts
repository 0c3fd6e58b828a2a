/**
 * The request is one list of intents with its options, as the workflow, the client and the CLI take it. Its
 * descriptions become docs/intents.md.
 */
import { z } from 'zod';
import { listName, withDefault } from '../intents/fields.js';
import { shortenMiddle, shown } from '../values/json.js';
import { describeIssue } from '../values/issue.js';

const requestOptions = z.strictObject({
  failFastPriority: withDefault(z.int(), 2).describe(
    'A failed intent of this priority or higher skips all later tiers, and the list fails.',
  ),
  derivedEvents: withDefault(z.enum(['unless_published', 'all', 'none']), 'unless_published').describe(
    'Which derived events are published. `unless_published` leaves out a STATE_PERSISTED that the list publishes itself for the same `aggregation_id`.',
  ),
});

export const request = z.strictObject({
  intents: z.array(z.unknown()).describe('The intents. An empty list succeeds.'),
  request_id: listName
    .nullish()
    .describe('The name of the list: running it again under this id repeats nothing. Default: the workflow id.'),
  correlation_id: listName
    .nullish()
    .describe('It is written to the envelope of every event and to the search attribute. Default: the request id.'),
  options: withDefault(requestOptions, {}).describe('How the list is executed.'),
});

/** A `RequestInput` is a request as a caller sends it. */
export type RequestInput = z.input<typeof request>;
/** A `Request` is a request as the planner works with it. */
export type Request = z.output<typeof request>;
export type RequestOptions = z.output<typeof requestOptions>;

/** A `RequestError` says why a request is invalid. Nothing of such a request is executed. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** @throws RequestError naming the field, the type of its value and what was expected. */
export function parseRequest(raw: unknown): Request {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new RequestError(`input: expected an object {intents, options?}, got ${shown(raw)}`);
  }
  const parsed = request.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new RequestError(shortenMiddle(describeIssue(parsed.error, raw, 'input'), 500));
}
