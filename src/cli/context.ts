/** This module gives every command what it works with: settings, addresses, output. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { type Config, loadConfig, unreadVariables } from '../config.js';
import { createLogger } from '../log.js';
import { type StackEndpoints, type StackOptions, stackStatus } from '../stack/index.js';
import type { Endpoints } from '../worker/compose.js';
import { UnreachableError } from './errors.js';
import { createOutput, type Output } from './views/output.js';

export interface Context {
  readonly config: Config;
  readonly logger: Logger;
  readonly out: Output;
}

/** Reads the settings and the global options of a command. */
export function contextOf(command: Command): Context {
  const config = loadConfig();
  const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
  const logger = createLogger(config.LOG_LEVEL);
  for (const { name, nearest } of unreadVariables()) {
    logger.warn({ variable: name, nearest }, `${name} is not read: the setting with the nearest name is ${nearest}`);
  }
  return {
    config,
    logger,
    out: createOutput({ json, color: config.NO_COLOR === undefined }),
  };
}

/**
 * Returns the options of the stack. Servers whose addresses the environment gives are used and never started; the
 * others are the local stack's.
 */
export function stackOptions(config: Config): StackOptions {
  return {
    // The paths are absolute, because the servers run in folders of their own.
    stateDir: resolve(config.BRIDGE_STACK_DIR),
    cacheDir: resolve(config.BRIDGE_CACHE_DIR),
    mode: config.BRIDGE_STACK_MODE,
    database: config.PGDATABASE,
    given: {
      namespace: config.TEMPORAL_NAMESPACE,
      ...(config.TEMPORAL_ADDRESS === undefined ? {} : { temporalAddress: config.TEMPORAL_ADDRESS }),
      ...(config.TEMPORAL_UI_URL === undefined ? {} : { temporalUi: config.TEMPORAL_UI_URL }),
      ...(config.DATABASE_URL === undefined ? {} : { databaseUrl: config.DATABASE_URL }),
      ...(config.KAFKA_BOOTSTRAP_SERVERS === undefined ? {} : { kafkaBrokers: config.KAFKA_BOOTSTRAP_SERVERS }),
    },
  };
}

/** @throws UnreachableError when a server that is needed runs nowhere. */
export async function endpointsOf(config: Config): Promise<StackEndpoints> {
  const { TEMPORAL_ADDRESS, DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS } = config;
  if (TEMPORAL_ADDRESS !== undefined && DATABASE_URL !== undefined && KAFKA_BOOTSTRAP_SERVERS !== undefined) {
    return {
      temporal: { address: TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE, ui: config.TEMPORAL_UI_URL ?? null },
      postgres: { url: DATABASE_URL },
      kafka: { brokers: KAFKA_BOOTSTRAP_SERVERS },
    };
  }
  const { endpoints, services } = await stackStatus(stackOptions(config));
  const { temporal, postgres, kafka } = endpoints;
  const down = Object.entries(services).filter(([, { state }]) => state === 'stopped');
  if (down.length > 0 || temporal === null || postgres === null || kafka === null) {
    const names = down.map(([name]) => name).join(', ');
    throw new UnreachableError(
      `${names}: not running; start the local stack with "bridge stack up", or set TEMPORAL_ADDRESS, DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS`,
    );
  }
  return { temporal, postgres, kafka };
}

export const workerEndpoints = (endpoints: StackEndpoints): Endpoints => ({
  temporalAddress: endpoints.temporal.address,
  databaseUrl: endpoints.postgres.url,
  kafkaBrokers: endpoints.kafka.brokers,
});
