/** This module tells lists under one request id apart, by their hash. */
import { hash } from 'node:crypto';
import stringify from 'safe-stable-stringify';

/** Returns what a caller reads whose request id belongs to another list. */
export const conflictOf = (requestId: string): string =>
  `request_id: ${requestId} has been used for another list of intents`;

/** The type of the failure of a list whose request id belongs to another list. */
export const REQUEST_CONFLICT = 'RequestConflict';

/** Returns the SHA-256 (hex) of a request with its defaults filled in. Another one under its id is recognised by it. */
export const requestHash = (request: object): string => hash('sha256', stringify(request));
