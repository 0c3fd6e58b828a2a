/** This module connects a worker to Temporal, and hands it another connection when its certificates have changed. */
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { REPORT_BYTES } from '../domain/values/limits.js';
import type { TemporalEndpoint } from '../endpoints.js';
import { unusableCredentials } from '../temporal/connect.js';
import { unreachable } from '../temporal/refusal.js';
import { renewed } from '../temporal/renewal.js';

/** The bytes that Temporal's encoding adds to a report. */
const ENVELOPE_BYTES = 100_000;

export interface WorkerConnection {
  /** The connection for clients, which leads to whichever is the current one. */
  readonly connection: NativeConnection;
  /** The connection that the worker is to be made with. */
  readonly own: NativeConnection;
  /** Names the worker that takes later connections. */
  keep(worker: Worker): void;
}

/** @throws EffectError with the address, and with what to set where that is known. */
export async function connectWorker(endpoint: TemporalEndpoint, logger: Logger): Promise<WorkerConnection> {
  const payloadLimits = { payloadsWarnSize: REPORT_BYTES + ENVELOPE_BYTES };
  const current: { own?: NativeConnection; worker?: Worker } = {};
  try {
    const connection = await renewed<NativeConnection>(endpoint, {
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
    return {
      connection,
      get own() {
        return current.own ?? connection;
      },
      keep(worker) {
        current.worker = worker;
        if (current.own !== undefined) worker.connection = current.own;
      },
    };
  } catch (error) {
    throw await unreachable(endpoint, error);
  }
}
