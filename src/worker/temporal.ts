/**
 * This module connects a worker to Temporal, hands it another connection when its certificates have changed, and says
 * so when its login is refused. The SDK's polls are refused in silence for a minute; then they end the worker.
 */
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { REPORT_BYTES } from '../domain/values/limits.js';
import type { TemporalEndpoint } from '../endpoints.js';
import type { RefusedLogins } from '../flow-control/refused-logins.js';
import { assertNamespace, unusableCredentials } from '../temporal/connect.js';
import { watchLogin } from '../temporal/login-watch.js';
import { unreachable } from '../temporal/refusal.js';
import { renewed } from '../temporal/renewal.js';

/** The bytes that Temporal's encoding adds to a report. */
const ENVELOPE_BYTES = 100_000;

export interface WorkerConnection {
  /** The connection for clients, which leads to whichever is the current one. */
  readonly connection: NativeConnection;
  /** The connection that the worker is to be made with. */
  readonly own: NativeConnection;
  /** The refusal of the login, undefined while the server takes it. The SDK's error of a poll names no credentials. */
  readonly refusal: Error | undefined;
  /** Names the worker that takes later connections. */
  keep(worker: Worker): void;
  close(): Promise<void>;
}

/**
 * Connects, and asks every 5 s whether the server still takes the login.
 * @throws EffectError with the address, and with what to set where that is known.
 */
export async function connectWorker(
  endpoint: TemporalEndpoint,
  logger: Logger,
  isRefused: RefusedLogins,
): Promise<WorkerConnection> {
  const current: { own?: NativeConnection; worker?: Worker } = {};
  const connection = await connect(endpoint, logger, current);
  try {
    await assertNamespace(connection, endpoint);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const login = watchLogin(connection, endpoint, isRefused);
  return {
    connection,
    get own() {
      return current.own ?? connection;
    },
    get refusal() {
      return login.refusal;
    },
    keep(worker) {
      current.worker = worker;
      if (current.own !== undefined) worker.connection = current.own;
    },
    async close() {
      await login.stop();
      await connection.close();
    },
  };
}

async function connect(
  endpoint: TemporalEndpoint,
  logger: Logger,
  current: { own?: NativeConnection; readonly worker?: Worker },
): Promise<NativeConnection> {
  const payloadLimits = { payloadsWarnSize: REPORT_BYTES + ENVELOPE_BYTES };
  try {
    return await renewed<NativeConnection>(endpoint, {
      open: async (options) => {
        const opened = await NativeConnection.connect({ ...options, payloadLimits });
        current.own ??= opened;
        return opened;
      },
      replaced(next) {
        current.own = next;
        if (current.worker !== undefined) current.worker.connection = next;
        logger.info({ store: 'temporal' }, 'the worker has a connection with the changed certificates');
      },
      failed: unusableCredentials(logger),
    });
  } catch (error) {
    throw await unreachable(endpoint, error);
  }
}
