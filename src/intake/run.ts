/** This module opens the intake with its connections, from the settings. */
import { Client } from '@temporalio/client';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config.js';
import { topicOf } from '../domain/events/event-types.js';
import type { EventPublisher } from '../domain/events/publisher.js';
import type { SliceCache } from '../domain/intake/slice-cache.js';
import { createKafka } from '../kafka/client.js';
import { createPublisher } from '../kafka/publisher.js';
import { intakeGroup, kafkaSettings } from '../kafka/settings.js';
import { dataConverterOf } from '../payloads/data-converter.js';
import { type RefusedLogins, loginCounter, refusedLogins } from '../flow-control/refused-logins.js';
import { lazyConnection, unusableCredentials } from '../temporal/connect.js';
import { watchLogin } from '../temporal/login-watch.js';
import { refusalOr } from '../temporal/refusal.js';
import { Intake } from './intake.js';
import { watchedPublisher, runnerInWords, temporalInWords } from './refused-logins.js';
import type { MayStart } from './slice-driver.js';
import { createIntakeMetrics } from './metrics.js';
import { createSliceRunner } from './slice-runner.js';
import type { Endpoints, TemporalEndpoint } from '../endpoints.js';

export interface RunningIntake {
  check(): { readonly ok: boolean; readonly detail: string };
  /**
   * Ends the running slices within `graceMs`, then closes the intake's own connections. A second call joins the first.
   */
  stop(graceMs: number): Promise<void>;
}

/** These parts are what an intake works with: shared with the worker of its process, or its own. */
export interface IntakeParts {
  readonly client: Client;
  /** The publisher of copies for the `.dlq` topic. */
  readonly publisher: EventPublisher;
  readonly isRefused: RefusedLogins;
  /** Returns what Temporal is known to refuse now. */
  readonly refusal: () => Error | undefined;
  /** Says whether the stores take work now; default: always. */
  readonly mayStart?: MayStart;
  /** The cache in which the worker of this process looks for slices. */
  readonly slices?: SliceCache;
  /** Says whether a start may bring its first task to the worker of this process; default: never. */
  readonly eager?: () => boolean;
}

export interface RunIntakeOptions {
  readonly config: Config;
  readonly endpoints: Pick<Endpoints, 'temporal' | 'kafka'>;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Parts of the worker, which closes them; default: the intake's own. */
  readonly shared?: IntakeParts;
}

/** @throws EffectError when a file that Temporal's credentials are in cannot be read. */
export async function runIntake({
  config,
  endpoints,
  logger,
  registry,
  shared,
}: RunIntakeOptions): Promise<RunningIntake> {
  const kafka = createKafka(kafkaSettings(config, endpoints.kafka), logger);
  const parts: OpenParts = shared ?? (await ownParts(config, endpoints.temporal, kafka, logger, registry));
  const { client, publisher, slices, isRefused, refusal, mayStart, close, eager = () => false } = parts;
  const intake = new Intake({
    kafka,
    groupId: intakeGroup(config),
    topic: topicOf(config.KAFKA_TOPIC_PREFIX, 'INTENT_EMITTED'),
    maxSlices: config.INTAKE_MAX_SLICES,
    runner: runnerInWords(
      createSliceRunner(client, { taskQueue: config.TEMPORAL_TASK_QUEUE, slices, eager }),
      temporalInWords(isRefused, (error) => refusalOr(endpoints.temporal, error), refusal),
    ),
    publisher,
    dlqSuffix: config.KAFKA_DLQ_SUFFIX,
    mayStart: mayStart ?? (() => ({ ok: true, retryAfterMs: 0 })),
    isRefused,
    metrics: createIntakeMetrics(registry),
    logger,
  });
  const stop = async (graceMs: number): Promise<void> => {
    await intake.stop(graceMs);
    await close?.();
  };
  let stopped: Promise<void> | undefined;
  return {
    check: () => intake.check(),
    stop: (graceMs) => (stopped ??= stop(graceMs)),
  };
}

/** Open parts are the parts of an intake, and how to close those that are its own. */
interface OpenParts extends IntakeParts {
  readonly close?: () => Promise<unknown>;
}

async function ownParts(
  config: Config,
  server: TemporalEndpoint,
  kafka: Kafka,
  logger: Logger,
  registry: Registry,
): Promise<OpenParts> {
  const dataConverter = dataConverterOf(config, (err) => logger.warn({ err }, err.message));
  // The connection is lazy, so the process starts while Temporal is unavailable. Without the limit below, gRPC would
  // wait up to 120 s between two attempts to connect.
  const own = {
    // The connection makes no attempts of its own, because the partition worker does. An attempt that is due after the
    // close would end the process.
    interceptors: [],
    channelArgs: { 'grpc.max_reconnect_backoff_ms': 5_000 },
  };
  const connection = await lazyConnection(server, own, unusableCredentials(logger));
  const publisher = createPublisher(kafka);
  const isRefused = refusedLogins(logger, loginCounter(registry, ['kafka', 'temporal']));
  const login = watchLogin(connection, server, isRefused);
  return {
    client: new Client({ connection, namespace: server.namespace, dataConverter }),
    publisher: watchedPublisher(publisher, isRefused),
    isRefused,
    refusal: () => login.refusal,
    async close() {
      await login.stop();
      await Promise.allSettled([publisher.disconnect(), connection.close()]);
    },
  };
}
