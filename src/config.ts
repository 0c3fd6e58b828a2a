/**
 * The settings are environment variables, which this module reads once. It is the only reader of `process.env`;
 * everything else is handed what it needs.
 *
 * Each variable stands in `src/settings`, beside its text. docs/settings.md is generated from both: run `npm run docs`
 * after a change.
 */
import { z } from 'zod';
import type { KafkaEndpoint, PostgresEndpoint } from './endpoints.js';
import { fits, insideMs, nestingsOf, type TimeSettings } from './domain/time-outs.js';
import { describeIssue, issueInWords } from './domain/values/issue.js';
import { shownValue } from './domain/values/shown.js';
import { brokers, temporalAddress } from './settings/addresses.js';
import { ConfigError, unusable } from './settings/config-error.js';
import { deadLetters, intake, kafka } from './settings/kafka.js';
import {
  CLIENT_OPTIONS,
  isOption,
  judge,
  judgeVariables,
  type KafkaSecurityOptions,
  securityOf,
  VARIABLES,
} from './settings/kafka-endpoint.js';
import { kafkaSecurity } from './settings/kafka-security.js';
import { payloads } from './settings/payloads.js';
import { postgres } from './settings/postgres.js';
import { postgresEndpoint } from './settings/postgres-endpoint.js';
import { identity, localStack, maintenance, processes, rollout } from './settings/service.js';
import { ProfileError, type ProfiledSettings, withProfile } from './settings/temporal-profile.js';
import { temporal, VERSION_NAME, VERSION_NAME_IS } from './settings/temporal.js';
import { type UnknownVariable, unknownVariables } from './settings/unknown.js';

/** The variables in groups by subject, in the order of docs/settings.md. */
export const SETTING_GROUPS = {
  Temporal: temporal,
  PostgreSQL: postgres,
  Kafka: kafka,
  'TLS and login to Kafka': kafkaSecurity,
  'Dead letters': deadLetters,
  Intake: intake,
  'Encrypted payloads': payloads,
  'Retention, schedules and outages': maintenance,
  Rollout: rollout,
  'Names in envelopes and logs': identity,
  'Worker and intake processes': processes,
  'Local stack and command line': localStack,
} satisfies Record<string, z.core.$ZodShape>;

const environment = z.object({
  ...temporal,
  ...postgres,
  ...kafka,
  ...kafkaSecurity,
  ...deadLetters,
  ...intake,
  ...payloads,
  ...maintenance,
  ...rollout,
  ...identity,
  ...processes,
  ...localStack,
});

/** The namespace and the address of Temporal are those of its profile where the variables are unset. */
export type Config = Readonly<ProfiledSettings<z.output<typeof environment>>>;

export { ConfigError };
export type { KafkaSecurityOptions } from './settings/kafka-endpoint.js';

/** Returns the variables that are set. An empty one is unset: `FOO= bridge ...` and compose files pass those. */
const givenIn = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));

const ofTemporal = z.object(temporal);

/**
 * Reads where Temporal is, for a client in another process, whose other variables are not ours to judge.
 * @param profile the name of a profile of Temporal's; default: TEMPORAL_PROFILE.
 * @throws ConfigError as `loadConfig`.
 */
export const temporalSettings = (
  env: NodeJS.ProcessEnv = process.env,
  profile?: string,
): ProfiledSettings<z.output<typeof ofTemporal>> => profiled(read(ofTemporal, givenIn(env)), env, profile);

const ofPostgres = z.object(postgres);

/**
 * Reads where PostgreSQL is, for a router in another process, whose other variables are not ours to judge.
 * @param url the database, instead of `DATABASE_URL`. TLS, the pooler and a password that it lacks are the variables'.
 * @throws ConfigError as `loadConfig`, and when no server is named.
 */
export function databaseEndpoint(url?: string, env: NodeJS.ProcessEnv = process.env): PostgresEndpoint {
  const { DATABASE_URL, DATABASE_URL_FILE, ...given } = givenIn(env);
  const named = url === undefined ? { DATABASE_URL, DATABASE_URL_FILE } : { DATABASE_URL: url };
  const endpoint = postgresEndpoint(read(ofPostgres, { ...given, ...named }));
  if (endpoint === null) throw unusable('DATABASE_URL: expected the URL of the database, got none');
  return endpoint;
}

const ofPayloads = z.object(payloads);

/** Reads where the keys of payloads are, likewise. */
export const payloadSettings = (env: NodeJS.ProcessEnv = process.env): z.output<typeof ofPayloads> =>
  read(ofPayloads, givenIn(env));

/** @throws ConfigError naming the variables, what was given and what was expected. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const config = profiled(read(environment, givenIn(env)), env);
  assertNested(timeSettings(config));
  assertBuildId(config);
  // Contradictions are found here, by every command.
  postgresEndpoint(config);
  const { protocol, problems } = judgeVariables(config, env['KAFKA_BOOTSTRAP_SERVERS']);
  if (problems.length > 0) throw unusable(...problems);
  return { ...config, KAFKA_SECURITY_PROTOCOL: protocol };
}

/** Returns variables that begin like settings without being one, in the order of their names. */
export const unreadVariables = (env: NodeJS.ProcessEnv = process.env): UnknownVariable[] =>
  unknownVariables(Object.keys(givenIn(env)), Object.keys(environment.shape));

/** Reads the address of Temporal that a caller gives as an option. @throws ConfigError naming the option. */
export const readAddress = (name: string, value: string): string => readOption(name, temporalAddress, value);

/** Reads brokers and their security that a caller gives as options. @throws ConfigError naming the options. */
export function readKafka(given: {
  readonly brokers: readonly string[];
  readonly security?: KafkaSecurityOptions;
}): KafkaEndpoint {
  const servers = given.brokers.join(',');
  const read = readOption(CLIENT_OPTIONS.brokers, brokers, servers);
  const options: KafkaSecurityOptions = Object.fromEntries(
    Object.entries(given.security ?? {}).map(([option, value]) => {
      if (!isOption(option))
        throw new ConfigError(`the option cannot be used:\n  kafka.security.${option}: there is no such option`);
      const schema: z.ZodType = kafkaSecurity[VARIABLES[option]];
      return [option, readOption(CLIENT_OPTIONS[option], schema, value ?? undefined)];
    }),
  );
  const { protocol, problems } = judge(options, servers, CLIENT_OPTIONS);
  if (problems.length > 0) throw new ConfigError(`the options cannot be used:\n  ${problems.join('\n  ')}`);
  return { brokers: read, ...securityOf({ ...options, protocol }, CLIENT_OPTIONS) };
}

/** The names of options whose values are never shown. */
const SECRET = /password$|secret$/i;

function readOption<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const shown = typeof value === 'string' ? shownValue(value) : value;
  const problem = SECRET.test(name) ? `${name}: expected a text` : describeIssue(parsed.error, shown, name);
  throw new ConfigError(`the option cannot be used:\n  ${problem}`);
}

function profiled<S extends z.output<typeof ofTemporal>>(
  settings: S,
  env: NodeJS.ProcessEnv,
  profile?: string,
): ProfiledSettings<S> {
  try {
    return withProfile(settings, env, profile);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    throw unusable(error.message);
  }
}

function read<S extends z.ZodObject>(schema: S, given: NodeJS.ProcessEnv): z.output<S> {
  const parsed = schema.safeParse(given);
  assertOnce(schema, given);
  if (parsed.success) return parsed.data;
  const shown = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value === undefined ? value : shownValue(value)]),
  );
  throw unusable(...parsed.error.issues.map((issue) => issueInWords(issue, shown, 'environment')));
}

/** @throws ConfigError naming a secret that is given both as itself and as a file: one may be the old one. */
function assertOnce({ shape }: z.ZodObject, given: NodeJS.ProcessEnv): void {
  const twice = Object.keys(shape).filter(
    (name) => `${name}_FILE` in shape && given[name] !== undefined && given[`${name}_FILE`] !== undefined,
  );
  if (twice.length > 0) throw unusable(...twice.map((name) => `${name}, ${name}_FILE: expected one of them, got both`));
}

/** @throws ConfigError when DEPLOYMENT_ID cannot begin a build id, while versioning is on. */
function assertBuildId({ TEMPORAL_DEPLOYMENT_NAME, DEPLOYMENT_ID: id }: Config): void {
  if (TEMPORAL_DEPLOYMENT_NAME === undefined || id === undefined || VERSION_NAME.test(id)) return;
  throw unusable(
    `DEPLOYMENT_ID: ${VERSION_NAME_IS}, because TEMPORAL_DEPLOYMENT_NAME is set; got ${JSON.stringify(shownValue(id))}`,
  );
}

/** Returns the settings that time-outs depend on. */
export const timeSettings = (
  env: Pick<
    Config,
    'PG_CHECKOUT_TIMEOUT_MS' | 'PG_STATEMENT_TIMEOUT_MS' | 'KAFKA_TIMEOUT_SECONDS' | 'SHUTDOWN_GRACE_SECONDS'
  >,
): TimeSettings => ({
  checkoutMs: env.PG_CHECKOUT_TIMEOUT_MS,
  statementMs: env.PG_STATEMENT_TIMEOUT_MS,
  requestMs: env.KAFKA_TIMEOUT_SECONDS * 1_000,
  shutdownMs: env.SHUTDOWN_GRACE_SECONDS * 1_000,
});

/** @throws ConfigError when time-outs of the settings do not fit into what is around them. */
function assertNested(settings: TimeSettings): void {
  const lines = nestingsOf(settings)
    .filter((nesting) => !fits(nesting))
    .map((nesting) => {
      const [name, ms] = nesting.around;
      const inside = nesting.inside.map(([part]) => part).join(', ');
      return `${inside}: expected at most ${ms} ms together (${name}), got ${insideMs(nesting)}`;
    });
  if (lines.length > 0) throw unusable(...lines);
}
