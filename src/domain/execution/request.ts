/** The request: one list of intents with its options, as the workflow, the client and the CLI take it. */
import { z } from 'zod';
import { listName } from '../intents/fields.js';
import { shorten, typeName } from '../values/json.js';
import { describeIssue } from '../values/issue.js';

const requestOptions = z.strictObject({
  /** A failed intent of this priority or higher skips all later tiers. Default 2 (the seed's `priority > 1`). */
  failFastPriority: z.int().default(2),
  /**
   * Which derived events are sent: `unless_published` (default) leaves out a STATE_PERSISTED that the list publishes
   * itself for the same aggregation_id, `all` sends every one, `none` sends none.
   */
  derivedEvents: z.enum(['unless_published', 'all', 'none']).default('unless_published'),
});

const request = z.strictObject({
  intents: z.array(z.unknown()),
  /** Names the list: the same id run again repeats nothing. Default: the workflow id. 1 to 200 characters. */
  request_id: listName.nullish(),
  /** Written to the envelope of every event and to the search attribute. Default: the request id. */
  correlation_id: listName.nullish(),
  options: requestOptions.prefault({}),
});

/** What a caller sends. */
export type RequestInput = z.input<typeof request>;
/** What the planner works with. */
export type Request = z.output<typeof request>;
export type RequestOptions = z.output<typeof requestOptions>;

/** A request that is not one: nothing of it is run. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/** @throws RequestError naming the field, the type of its value and what was expected. */
export function parseRequest(raw: unknown): Request {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new RequestError(`input: expected an object {intents, options?}, got ${typeName(raw)}`);
  }
  const parsed = request.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new RequestError(shorten(describeIssue(parsed.error, raw, 'input'), 500));
}
