/**
 * The settings are environment variables, which this module reads once. It is the only reader of `process.env`;
 * everything else is handed what it needs.
 *
 * Each variable stands in `src/settings`, beside its text. docs/settings.md is generated from both: run `npm run docs`
 * after a change.
 */
import { z } from 'zod';
import { fits, insideMs, nestingsOf, type TimeSettings } from './domain/time-outs.js';
import { issueInWords } from './domain/values/issue.js';
import { deadLetters, intake, kafka } from './settings/kafka.js';
import { postgres } from './settings/postgres.js';
import { identity, localStack, maintenance, processes, rollout } from './settings/service.js';
import { temporal } from './settings/temporal.js';

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

export interface Config extends Omit<z.output<typeof environment>, 'DATABASE_URL'> {
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

/** Reads where Temporal is, for a client in another process, whose other variables are not ours to judge. */
export const temporalSettings = (env: NodeJS.ProcessEnv = process.env): z.output<typeof ofTemporal> =>
  ofTemporal.parse(givenIn(env));

/** @throws ConfigError naming the variables, what was given and what was expected. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = givenIn(env);
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => issueInWords(issue, given, 'environment'));
    throw new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
  }
  assertNested(timeSettings(parsed.data));
  return { ...parsed.data, DATABASE_URL: parsed.data.DATABASE_URL ?? urlFromParts(parsed.data) };
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
  if (lines.length > 0) throw new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
}

function urlFromParts(env: z.output<typeof environment>): string | undefined {
  if (env.PGHOST === undefined) return undefined;
  const url = new URL('postgres://localhost');
  url.hostname = env.PGHOST;
  url.port = String(env.PGPORT);
  url.username = encodeURIComponent(env.PGUSER);
  url.password = encodeURIComponent(env.PGPASSWORD);
  url.pathname = `/${encodeURIComponent(env.PGDATABASE)}`;
  return url.href;
}
