/** This module asks again and again whether a Temporal server still takes the login of a process. */
import type { Connection } from '@temporalio/client';
import pTimeout from 'p-timeout';
import type { TemporalEndpoint } from '../endpoints.js';
import type { RefusedLogins } from '../flow-control/refused-logins.js';
import { regularly } from '../flow-control/regularly.js';
import { assertNamespace } from './connect.js';

/** Milliseconds between two questions. */
const ASK_MS = 5_000;

export interface LoginWatch {
  /** The refusal of the login, undefined while the server takes it. The SDK's errors name no credentials. */
  readonly refusal: Error | undefined;
  stop(): Promise<void>;
}

/** Asks every 5 s. A refusal is counted and logged by `isRefused`. */
export function watchLogin(
  connection: Pick<Connection, 'workflowService'>,
  endpoint: TemporalEndpoint,
  isRefused: RefusedLogins,
): LoginWatch {
  let refusal: Error | undefined;
  const stop = regularly(ASK_MS, async () => {
    try {
      // A server behind a proxy may never answer.
      await pTimeout(assertNamespace(connection, endpoint), { milliseconds: ASK_MS });
      refusal = undefined;
    } catch (error) {
      refusal = isRefused('temporal', error) && error instanceof Error ? error : undefined;
    }
  });
  return {
    get refusal() {
      return refusal;
    },
    stop,
  };
}
