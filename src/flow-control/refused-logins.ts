/** This module says that a store refuses a login: a metric counts it, and the log has it once a minute. */
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import { isRefusedLogin } from '../domain/failures/failure-table.js';
import type { Store } from '../domain/failures/store.js';
import { seldom } from './seldom.js';

/** Gets each failure of a store, and returns whether that refused the login. */
export type RefusedLogins = (store: Store, error: unknown) => boolean;

/** @param count counts a refusal. */
export function refusedLogins(logger: Pick<Logger, 'error'>, count: (store: Store) => void): RefusedLogins {
  // A process with many callers meets a refusal many times a second.
  const due = seldom();
  return (store, error) => {
    if (!isRefusedLogin(error)) return false;
    count(store);
    const fields = due(store);
    // The message names the server, the user and the variable; what it came of says no more.
    if (fields !== undefined) logger.error({ store, ...fields }, messageOf(error));
    return true;
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Makes the counter of refused logins.
 * @param stores to which the process logs in: an alert needs the zero before the first refusal.
 */
export function loginCounter(registry: Registry, stores: readonly Store[]): (store: Store) => void {
  const logins = new Counter({
    name: 'store_logins_refused_total',
    help: 'Calls that failed because the store has refused the login: a wrong, expired or rotated password, key or certificate',
    labelNames: ['store'],
    registers: [registry],
  });
  for (const store of stores) logins.inc({ store }, 0);
  return (store) => logins.inc({ store });
}
