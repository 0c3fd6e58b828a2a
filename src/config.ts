/**
 * Settings, read from the environment once. The only reader of `process.env`: everything else is handed what it needs.
 * Names are the seed system's where it has them, the field's otherwise.
 */
import { hostname } from 'node:os';
import envPaths from 'env-paths';
import { z } from 'zod';
import { parseShare } from './domain/rollout/share.js';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const seconds = (max: number) => z.coerce.number().positive().max(max);
const list = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )
  .refine((items) => items.length > 0, 'expected at least one host:port');

const environment = z.object({
  /** host:port of the Temporal frontend; unset: the local stack's. */
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_TASK_QUEUE: z.string().default('bridge-store-effect'),
  /** Where the Web UI is, for links in what commands print. */
  TEMPORAL_UI_URL: z.string().optional(),
  /** postgres:// URL; unset: made from PG* when PGHOST is set, else the local stack's. */
  DATABASE_URL: z.string().optional(),
  PGHOST: z.string().optional(),
  PGPORT: whole(1, 65_535).default(5432),
  PGUSER: z.string().default('postgres'),
  PGPASSWORD: z.string().default(''),
  PGDATABASE: z.string().default('omninode_bridge'),
  /** Connections the pool keeps (seed: 10) and opens at most (seed: 50; 20 to 30 is its optimum). */
  PG_POOL_MIN: whole(0, 500).default(10),
  PG_POOL_MAX: whole(1, 500).default(25),
  /** Milliseconds; under the activities' 90 s start-to-close. */
  PG_STATEMENT_TIMEOUT_MS: whole(100, 85_000).default(60_000),
  /** Longest wait for a connection of the pool, in milliseconds. */
  PG_CHECKOUT_TIMEOUT_MS: whole(100, 60_000).default(5_000),
  /** The circuit breaker in front of PostgreSQL (seed, 8.3): failures within a window open it for a while. */
  PG_BREAKER_FAILURES: whole(1, 1_000).default(5),
  PG_BREAKER_WINDOW_SECONDS: seconds(3_600).default(30),
  PG_BREAKER_OPEN_SECONDS: seconds(3_600).default(60),
  /** How long the call that tries whether the store answers again has for it. */
  PG_BREAKER_PROBE_SECONDS: seconds(600).default(10),
  KAFKA_BOOTSTRAP_SERVERS: list.optional(),
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,150}$/, 'expected letters, digits, dots, dashes or underscores')
    .default('omninode_bridge'),
  /** Group of the intake; by default `bridge-store-effect-intake-` and the topic prefix. */
  KAFKA_GROUP_ID: z.string().optional(),
  /** Slices of the intake that run at once. */
  INTAKE_MAX_SLICES: whole(1, 1_000).default(12),
  /** Of the topics that are created. */
  KAFKA_TOPIC_PARTITIONS: whole(1, 1_000).default(3),
  /** Of the topics that are created; -1: the broker's default. */
  KAFKA_REPLICATION_FACTOR: whole(-1, 32_767).default(-1),
  /** Whether an event that no broker takes becomes a dead letter; else its intent is retried, and failed in the end. */
  KAFKA_ENABLE_DLQ: z.stringbool().default(true),
  KAFKA_DLQ_SUFFIX: z.string().default('.dlq'),
  /** Redrives a broker may refuse before the automatic redrive leaves a letter to a person. */
  KAFKA_DLQ_MAX_REDRIVES: whole(1, 1_000_000).default(10),
  /** Seconds between two automatic redrives of dead letters; 0: only a person redrives. Read by `bridge setup`. */
  DLQ_REDRIVE_SECONDS: whole(0, 86_400).default(60),
  /** Days the ledger is kept, longer than Temporal keeps executions and the topics their messages; 0: for ever. */
  LEDGER_RETENTION_DAYS: whole(0, 36_500).default(30),
  /** Seconds between two sweeps of executions that ended unannounced; 0: none. Read by `bridge setup`. */
  SWEEP_SECONDS: whole(0, 86_400).default(300),
  /** Seconds between two recoveries of FSM states; 0: none. Read by `bridge setup`. */
  RECOVERY_SECONDS: whole(0, 31_536_000).default(86_400),
  /** Whether `bridge setup` creates the recovery's schedule paused; one that is there is left as it is. */
  RECOVERY_PAUSED: z.stringbool().default(false),
  /**
   * Whether later messages of a key are sent while a dead letter of it is open, instead of becoming letters behind it: nothing
   * waits, and the key's order is lost for good.
   */
  DLQ_LETTERS_PASS: z.stringbool().default(false),
  /**
   * Attempts of an activity at publishing before an event is a dead letter (0 is taken as 1), and kafkajs's retries of connecting and
   * administration (0: none).
   */
  KAFKA_MAX_RETRY_ATTEMPTS: whole(0, 20).default(3),
  /** Seconds before the first of kafkajs's retries; doubled for each, up to 5. */
  KAFKA_RETRY_BACKOFF_BASE: seconds(60).default(0.3),
  /** A publish may wait for one request before its own: twice this has to fit the activities' 90 s start-to-close. */
  KAFKA_TIMEOUT_SECONDS: seconds(35).default(30),
  KAFKA_BREAKER_FAILURES: whole(1, 1_000).default(5),
  KAFKA_BREAKER_WINDOW_SECONDS: seconds(3_600).default(30),
  KAFKA_BREAKER_OPEN_SECONDS: seconds(3_600).default(30),
  KAFKA_BREAKER_PROBE_SECONDS: seconds(600).default(5),
  /** Percent of the correlation ids that take the new path, as long as none is set: true, false, or 0 to 100. Read by `bridge setup`. */
  ENABLE_INTENT_PUBLISHER: z
    .string()
    .transform((value) => parseShare(value))
    .refine((percent) => percent !== null, 'expected true, false or 0 to 100')
    .optional(),
  /** How long the outage of a store is waited out before its intents fail. */
  OUTAGE_BUDGET_SECONDS: seconds(86_400).default(900),
  /** `environment` and `region` of every envelope. */
  ENVIRONMENT: z.string().default('development'),
  REGION: z.string().default('local'),
  /** Names a deployment, for `bridge worker --recover-on-start`; by default the hash of the workflow code. */
  DEPLOYMENT_ID: z.string().max(200).optional(),
  SERVICE_INSTANCE: z.string().default(hostname()),
  /** Port of /health, /ready and /metrics; 0 takes any free one. */
  PORT: whole(0, 65_535).default(8080),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Milliseconds a batch waits for company before it is sent; 0 sends as soon as the one before is done. Default: ENVIRONMENT's. */
  BATCH_LINGER_MS: whole(0, 1_000).optional(),
  /** Messages of a produce request that wait for no more company. Default: ENVIRONMENT's. */
  KAFKA_BATCH_SIZE: whole(1, 10_000).optional(),
  /** Default: ENVIRONMENT's. */
  KAFKA_COMPRESSION: z.enum(['none', 'gzip', 'lz4']).optional(),
  /** Seconds running activities get to finish after SIGTERM. */
  SHUTDOWN_GRACE_SECONDS: seconds(600).default(30),
  /** Workflows a worker keeps in memory; what is not kept is replayed from its history. */
  MAX_CACHED_WORKFLOWS: whole(0, 100_000).default(1_000),
  /** Activities a worker runs at once. */
  MAX_CONCURRENT_ACTIVITIES: whole(1, 10_000).default(100),
  /** Data and logs of the local stack. */
  BRIDGE_STACK_DIR: z.string().default('.stack'),
  /** Servers the local stack has built or downloaded. */
  BRIDGE_CACHE_DIR: z.string().default(envPaths('bridge-store-effect', { suffix: '' }).cache),
  /** `auto`: containers where an engine answers, else native processes. */
  BRIDGE_STACK_MODE: z.enum(['auto', 'native', 'compose']).default('auto'),
  NO_COLOR: z.string().optional(),
});

export interface Config extends Omit<z.output<typeof environment>, 'DATABASE_URL'> {
  readonly DATABASE_URL: string | undefined;
}

/** A variable that cannot be used. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming the variables, what was given and what was expected. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  // An empty variable is an unset one: `FOO= bridge ...` and compose files pass those.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
  }
  return { ...parsed.data, DATABASE_URL: parsed.data.DATABASE_URL ?? urlFromParts(parsed.data) };
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
