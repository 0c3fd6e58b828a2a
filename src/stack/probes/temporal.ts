import { connect } from 'node:net';
import { Connection } from '@temporalio/client';
import type { Endpoints } from '../../endpoints.js';

/** @throws unless a Temporal server answers within `timeoutMs`. */
export async function probeTemporal({ address }: Endpoints['temporal'], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  await assertListening(address, timeoutMs);
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(deadline, () => connection.workflowService.getSystemInfo({}));
  } finally {
    await connection.close();
  }
}

/** Connects first, because the client would try again, ever more slowly, until the deadline, and then not say why. */
function assertListening(address: string, timeoutMs: number): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: timeoutMs });
    socket.once('timeout', () => socket.destroy(new Error(`no answer from ${address} within ${timeoutMs} ms`)));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
