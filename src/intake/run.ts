/** The intake with its connections, from the settings. */
import { Client, Connection } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { topicOf } from '../intents/event-types.js';
import type { EventPublisher } from '../intents/ports.js';
import type { SliceCache } from '../intents/slice-cache.js';
import { createKafka } from '../kafka/client.js';
import { createPublisher } from '../kafka/publisher.js';
import { kafkaSettings } from '../kafka/settings.js';
import { startIntake } from './consumer.js';
import type { MayStart } from './lane.js';
import { createIntakeMetrics } from './metrics.js';
import { createSliceRunner } from './slice-runner.js';

export interface RunningIntake {
  check(): { readonly ok: boolean; readonly detail: string };
  /** Ends what is in hand within `graceMs`, then closes the connections. */
  stop(graceMs: number): Promise<void>;
}

export interface RunIntakeOptions {
  readonly config: Config;
  readonly endpoints: { readonly temporalAddress: string; readonly kafkaBrokers: readonly string[] };
  readonly logger: Logger;
  readonly registry: Registry;
  /** Default: always. */
  readonly mayStart?: MayStart;
  /** Where the worker of this process looks for slices. */
  readonly slices?: SliceCache;
  /** Of copies for the `.dlq` topic; default: one of its own. */
  readonly publisher?: EventPublisher;
}

export function runIntake({ config, endpoints, logger, registry, ...given }: RunIntakeOptions): RunningIntake {
  // Lazy: it starts while Temporal is away. gRPC would wait up to 120 s between two attempts to connect.
  const connection = Connection.lazy({
    address: endpoints.temporalAddress,
    // No attempts of its own: the lane makes them, and one that is due after the connection was closed would end the process.
    interceptors: [],
    channelArgs: { 'grpc.max_reconnect_backoff_ms': 5_000 },
  });
  const client = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE });
  const kafka = createKafka(kafkaSettings(config, endpoints.kafkaBrokers), logger);
  const own = given.publisher === undefined ? createPublisher(kafka) : undefined;
  const publisher = given.publisher ?? own;
  if (publisher === undefined) throw new Error('no publisher');
  const intake = startIntake({
    kafka,
    // A group of each installation: those that share a broker differ in their prefix.
    groupId: config.KAFKA_GROUP_ID ?? `bridge-store-effect-intake-${config.KAFKA_TOPIC_PREFIX}`,
    topic: topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED'),
    maxSlices: config.INTAKE_MAX_SLICES,
    runner: createSliceRunner(client, config.TEMPORAL_TASK_QUEUE, given.slices),
    publisher,
    dlqSuffix: config.KAFKA_DLQ_SUFFIX,
    mayStart: given.mayStart ?? (() => ({ ok: true, retryAfterMs: 0 })),
    metrics: createIntakeMetrics(registry),
    logger,
  });
  return {
    check: () => intake.check(),
    async stop(graceMs) {
      await intake.stop(graceMs);
      await Promise.allSettled([own?.disconnect(), connection.close()]);
    },
  };
}
