/** This module gives every command what it works with: settings, addresses, output. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { type Config, loadConfig, unreadVariables } from '../config.js';
import { createLogger } from '../log.js';
import { postgresEndpoint } from '../settings/postgres-endpoint.js';
import { type StackOptions, stackStatus } from '../stack/index.js';
import { SERVICE_NAMES, type ServiceName } from '../stack/types.js';
import { kafkaEndpoint } from '../settings/kafka-endpoint.js';
import { UnreachableError } from './errors.js';
import { createOutput, type Output } from './views/output.js';
import type { Endpoints, KnownEndpoints } from '../endpoints.js';

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
export function stackOptions(config: Config, names: readonly ServiceName[] = SERVICE_NAMES): StackOptions {
  return {
    // The paths are absolute, because the servers run in folders of their own.
    stateDir: resolve(config.BRIDGE_STACK_DIR),
    cacheDir: resolve(config.BRIDGE_CACHE_DIR),
    mode: config.BRIDGE_STACK_MODE,
    database: config.PGDATABASE,
    namespace: config.TEMPORAL_NAMESPACE,
    given: givenEndpoints(config, names),
  };
}

/**
 * Returns the endpoints that the environment names.
 * @param names the servers to look for: the settings of the others, and their files, are not read.
 */
export const givenEndpoints = (config: Config, names: readonly ServiceName[] = SERVICE_NAMES): KnownEndpoints => {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, TEMPORAL_UI_URL: ui, temporal } = config;
  const asksTemporal = names.includes('temporal') && address !== undefined;
  return {
    temporal: asksTemporal ? { address, namespace, ui: ui ?? null, ...temporal } : null,
    postgres: names.includes('postgres') ? postgresEndpoint(config) : null,
    kafka: names.includes('kafka') ? kafkaEndpoint(config) : null,
  };
};

/** The variables that name the servers. */
const VARIABLES: Readonly<Record<ServiceName, string>> = {
  temporal: 'TEMPORAL_ADDRESS',
  postgres: 'DATABASE_URL',
  kafka: 'KAFKA_BOOTSTRAP_SERVERS',
};

/**
 * Returns how the servers are reached that the environment names, or else the local stack.
 * @param needed the servers that the command talks to; default: all.
 * @throws UnreachableError when one of them runs nowhere.
 */
export async function endpointsOf<Name extends ServiceName = ServiceName>(
  config: Config,
  ...needed: readonly Name[]
): Promise<Pick<Endpoints, Name>> {
  const names: readonly ServiceName[] = needed.length > 0 ? needed : SERVICE_NAMES;
  const isWhole = (known: KnownEndpoints): known is Endpoints => names.every((name) => known[name] !== null);
  const given = givenEndpoints(config, names);
  if (isWhole(given)) return given;
  const { endpoints, services } = await stackStatus(stackOptions(config, names));
  const down = names.filter((name) => services[name].state === 'stopped');
  if (down.length > 0 || !isWhole(endpoints)) {
    const variables = down.map((name) => VARIABLES[name]).join(', ');
    throw new UnreachableError(
      `${down.join(', ')}: not running; start the local stack with "bridge stack up", or set ${variables}`,
    );
  }
  return endpoints;
}
