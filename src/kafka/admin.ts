/** This module lends kafkajs's client for administration. */
import type { Admin, Kafka } from 'kafkajs';
import { toEffectError } from './failures.js';

/** Opens the client for one question, and closes it. @throws EffectError when brokers do not answer it. */
export async function withAdmin<T>(kafka: Kafka, ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await ask(admin);
  } catch (error) {
    throw toEffectError(error);
  } finally {
    await admin.disconnect();
  }
}
