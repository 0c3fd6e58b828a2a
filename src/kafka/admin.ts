/** This module lends kafkajs's client for administration. */
import type { Admin, Kafka } from 'kafkajs';
import { type Attempt, toEffectError } from './failures.js';

/**
 * Opens the client for one question, and closes it.
 * @param attempt names the right that the question needs.
 * @throws EffectError when brokers do not answer it.
 */
export async function withAdmin<T>(kafka: Kafka, ask: (admin: Admin) => Promise<T>, attempt?: Attempt): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await ask(admin);
  } catch (error) {
    throw toEffectError(error, attempt);
  } finally {
    await admin.disconnect();
  }
}
