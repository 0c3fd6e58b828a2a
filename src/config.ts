/**
 * The settings are environment variables, which this module reads once. It is the only reader of `process.env`;
 * everything else is handed what it needs.
 *
 * Each variable stands in `src/settings`, beside its text. docs/settings.md is generated from both: run `npm run docs`
 * after a change.
 */
import { z } from 'zod';
import { fits, insideMs, nestingsOf, type TimeSettings } from './domain/time-outs.js';
import { describeIssue, issueInWords } from './domain/values/issue.js';
import { brokers, temporalAddress } from './settings/addresses.js';
import { deadLetters, intake, kafka } from './settings/kafka.js';
import { postgres } from './settings/postgres.js';
import { identity, localStack, maintenance, processes, rollout } from './settings/service.js';
import { ProfileError, type ProfiledSettings, withProfile } from './settings/temporal-profile.js';
import { temporal } from './settings/temporal.js';
import { type UnknownVariable, unknownVariables } from './settings/unknown.js';

/** The variables in groups by subject, in the order of docs/settings.md. */
export const SETTING_GROUPS = {
  Temporal: temporal,
  PostgreSQL: postgres,
  Kafka: kafka,
  'Dead letters': deadLetters,
  Intake: intake,
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
  ...deadLetters,
  ...intake,
  ...maintenance,
  ...rollout,
  ...identity,
  ...processes,
  ...localStack,
});

/** The namespace and the address of Temporal are those of its profile where the variables are unset. */
export interface Config extends Omit<ProfiledSettings<z.output<typeof environment>>, 'DATABASE_URL'> {
  readonly DATABASE_URL: string | undefined;
}

/** This error names the variables that cannot be used. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

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

/** @throws ConfigError naming the variables, what was given and what was expected. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const config = profiled(read(environment, givenIn(env)), env);
  assertNested(timeSettings(config));
  return { ...config, DATABASE_URL: config.DATABASE_URL ?? urlFromParts(config) };
}

/** Returns variables that begin like settings without being one, in the order of their names. */
export const unreadVariables = (env: NodeJS.ProcessEnv = process.env): UnknownVariable[] =>
  unknownVariables(Object.keys(givenIn(env)), Object.keys(environment.shape));

/** Reads the address of Temporal that a caller gives as an option. @throws ConfigError naming the option. */
export const readAddress = (name: string, value: string): string => readOption(name, temporalAddress, value);

/** Reads the brokers that a caller gives as an option. @throws ConfigError naming the option. */
export const readBrokers = (name: string, values: readonly string[]): readonly string[] =>
  readOption(name, brokers, values.join(','));

function readOption<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`the option cannot be used:\n  ${describeIssue(parsed.error, value, name)}`);
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
    throw new ConfigError(`the environment cannot be used:\n  ${error.message}`);
  }
}

function read<S extends z.ZodObject>(schema: S, given: NodeJS.ProcessEnv): z.output<S> {
  assertOneForm(Object.keys(schema.shape), given);
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const shown = { ...given, DATABASE_URL: withoutPassword(given['DATABASE_URL']) };
  const lines = parsed.error.issues.map((issue) => issueInWords(issue, shown, 'environment'));
  throw new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
}

/** @throws ConfigError when a secret is given both as a text and as a file. */
function assertOneForm(names: readonly string[], given: NodeJS.ProcessEnv): void {
  const lines = names
    .filter((name) => names.includes(`${name}_FILE`) && given[name] !== undefined)
    .filter((name) => given[`${name}_FILE`] !== undefined)
    .map((name) => `${name}, ${name}_FILE: expected one of them, got both`);
  if (lines.length > 0) throw new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
}

/** Returns a URL as a message may show it. */
const withoutPassword = (url: string | undefined) => url?.replace(/(:\/\/[^:@/]*):.*@/s, '$1:***@');

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
  if (lines.length > 0) throw new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
}

function urlFromParts(env: z.output<typeof environment>): string | undefined {
  const { PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE } = env;
  if (PGHOST === undefined) return undefined;
  const [user, password, database] = [PGUSER, PGPASSWORD, PGDATABASE].map(encodeURIComponent);
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(PGHOST) ?? [];
  if (PGPORT !== undefined && port !== undefined && Number(port) !== PGPORT) {
    throw new ConfigError(
      `the environment cannot be used:\n  PGHOST: expected no other port than ${PGPORT} (PGPORT), got ${port}`,
    );
  }
  return `postgres://${user}:${password}@${host}:${PGPORT ?? port ?? 5432}/${database}`;
}
