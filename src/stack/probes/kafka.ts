import { Kafka, logLevel } from 'kafkajs';
import type { Endpoints } from '../../endpoints.js';

/** @throws unless a broker answers a metadata request within `timeoutMs`. */
export async function probeKafka({ brokers }: Endpoints['kafka'], timeoutMs: number): Promise<void> {
  const kafka = new Kafka({
    clientId: 'bridge-stack-probe',
    brokers: [...brokers],
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}
