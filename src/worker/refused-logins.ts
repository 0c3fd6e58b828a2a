/** This module says that a store refuses a worker's login: a metric counts it, and the log has it once a minute. */
import type { Logger } from 'pino';
import { isRefusedLogin } from '../domain/failures/failure-table.js';
import type { Store } from '../domain/failures/store.js';
import type { Metrics } from './metrics.js';
import { seldom } from '../flow-control/seldom.js';

/** @returns a function that gets each failure of a store, and returns whether that refused the login. */
export function refusedLogins(
  logger: Logger,
  { loginRefused }: Pick<Metrics, 'loginRefused'>,
): (store: Store, error: unknown) => boolean {
  // A worker with many callers meets a refusal many times a second.
  const due = seldom();
  return (store, error) => {
    if (!isRefusedLogin(error)) return false;
    loginRefused(store);
    const fields = due(store);
    // The message names the server, the user and the variable; what it came of says no more.
    if (fields !== undefined) logger.error({ store, ...fields }, messageOf(error));
    return true;
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
