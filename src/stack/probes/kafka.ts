import { createKafka } from '../../kafka/client.js';
import type { Endpoints } from '../../endpoints.js';

/** @throws unless a broker lets us in and answers a metadata request within `timeoutMs`. */
export async function probeKafka(server: Endpoints['kafka'], timeoutMs: number): Promise<void> {
  const kafka = createKafka({
    ...server,
    clientId: 'bridge-stack-probe',
    connectTimeoutMs: timeoutMs,
    requestTimeoutMs: timeoutMs,
    retries: 0,
    retryBackoffMs: 300,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}
