import { connect } from 'node:net';
import type { Endpoints } from '../../endpoints.js';
import { lazyConnection } from '../../temporal/connect.js';
import { unreachable } from '../../temporal/refusal.js';

/** @throws unless a Temporal server answers within `timeoutMs`. The reason may take 2 s more. */
export async function probeTemporal(endpoint: Endpoints['temporal'], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  await assertListening(endpoint.address, timeoutMs);
  const connection = await lazyConnection(endpoint);
  try {
    await connection.withDeadline(deadline, () => connection.workflowService.getSystemInfo({}));
  } catch (error) {
    throw await unreachable(endpoint, error);
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
