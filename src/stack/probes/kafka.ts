import { Kafka, logLevel } from 'kafkajs';
import type { StackEndpoints } from '../types.js';

/** @throws unless a broker answers a metadata request within `timeoutMs`. */
export async function probeKafka({ brokers }: StackEndpoints['kafka'], timeoutMs: number): Promise<void> {
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
