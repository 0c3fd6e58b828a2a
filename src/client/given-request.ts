/** This module reads what a caller of the client gives, before anything is sent. */
import { parseRequest, type Request, RequestError, type RequestInput } from '../domain/execution/request.js';
import { jsonCopy } from '../domain/values/json-copy.js';
import { shortenMiddle } from '../domain/values/json.js';
import { checkLimits } from '../domain/values/limits.js';

/**
 * Returns the request that a caller gives, in values of its own.
 * @throws LimitError, RequestError naming the field.
 */
export function readRequest(given: RequestInput): Request {
  const copy = jsonCopy(given);
  if (!copy.ok) {
    const { path, problem, cause } = copy;
    throw new RequestError(shortenMiddle(`${path || 'input'}: ${problem}`, 500), { cause });
  }
  const request = parseRequest(copy.value);
  checkLimits(request.intents);
  return request;
}
