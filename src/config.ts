/**
 * The settings: environment variables, read once. This is the only reader of `process.env`; everything else is handed what it needs.
 *
 * Each variable stands beside its text. docs/settings.md is generated from both: run `npm run docs` after a change.
 */
import { hostname } from 'node:os';
import envPaths from 'env-paths';
import { z } from 'zod';
import { parseShare } from './domain/rollout/share.js';
import { issueInWords } from './domain/values/issue.js';

/**
 * Who reads a variable. `intake` is `bridge intake` and `bridge worker --intake`; `stack` is the code that starts and finds the local
 * servers; `CLI` is every command that needs the value to reach a server.
 */
type SettingReader = 'worker' | 'intake' | 'CLI' | 'stack' | `bridge ${string}`;

/** What docs/settings.md says of a variable, in Markdown. Type, bounds and default come from its schema. */
export interface SettingText {
  readonly readBy: readonly SettingReader[];
  /** What the value is, and what it does. */
  readonly about: string;
  /** When to choose another value. */
  readonly change: string;
  /** The type in words, where the schema cannot say it. */
  readonly type?: string;
  /** What holds while the variable is unset, where that is no fixed default. */
  readonly unset?: string;
}

const texts = z.registry<SettingText>();

/** Puts a variable's text beside its schema. A registry of our own, because zod's shared one holds nothing typed. */
function setting<S extends z.ZodType>(schema: S, text: SettingText): S {
  texts.add(schema, text);
  return schema;
}

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

const LOCAL_STACK = "the local stack's";

const temporal = {
  TEMPORAL_ADDRESS: setting(z.string().optional(), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    type: '`host:port`',
    unset: LOCAL_STACK,
    about: 'It is the address of the Temporal frontend. A server named here is used, never started and never stopped.',
    change: "Set it wherever Temporal is not the local stack's.",
  }),
  TEMPORAL_NAMESPACE: setting(z.string().default('default'), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    about:
      'It is the Temporal namespace of the executions and schedules. `bridge setup` creates a missing one, which keeps executions for 7 days.',
    change: 'Give each installation on a shared server its own.',
  }),
  TEMPORAL_TASK_QUEUE: setting(z.string().default('bridge-store-effect'), {
    readBy: ['worker', 'intake', 'CLI'],
    about:
      "It is the task queue that workers poll and clients start executions on. Its name is part of every schedule's id.",
    change: 'Give each installation in a shared namespace its own, and tell the clients (`taskQueue`).',
  }),
  TEMPORAL_UI_URL: setting(z.string().optional(), {
    readBy: ['CLI', 'stack'],
    type: 'URL',
    unset: `${LOCAL_STACK}; none for a server that \`TEMPORAL_ADDRESS\` names`,
    about: 'It is the address of the Temporal Web UI. Commands print links to executions with it.',
    change: 'Set it together with `TEMPORAL_ADDRESS`, or commands print no links.',
  }),
};

const postgres = {
  DATABASE_URL: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    type: '`postgres://` URL',
    unset: `made from the \`PG*\` variables when \`PGHOST\` is set, else ${LOCAL_STACK}`,
    about:
      'It is the database. It comes before the `PG*` variables. `bridge setup` creates the tables in it; `bridge intake` asks for it too, although it opens no connection.',
    change: "Set it, or `PGHOST` and the others, wherever PostgreSQL is not the local stack's.",
  }),
  PGHOST: setting(z.string().optional(), {
    readBy: ['worker', 'CLI', 'stack'],
    unset: 'none',
    about: 'It is the host of the database. Without it the other `PG*` variables name no server.',
    change: 'Set it where the platform hands out the parts of an address instead of a URL.',
  }),
  PGPORT: setting(whole(1, 65_535).default(5432), {
    readBy: ['worker', 'CLI', 'stack'],
    about: 'It is the port on `PGHOST`.',
    change: 'Set it when the server listens elsewhere.',
  }),
  PGUSER: setting(z.string().default('postgres'), {
    readBy: ['worker', 'CLI', 'stack'],
    about: 'It is the user to log in as on `PGHOST`.',
    change: 'Set it to the role of the installation.',
  }),
  PGPASSWORD: setting(z.string().default(''), {
    readBy: ['worker', 'CLI', 'stack'],
    about: 'It is the password of `PGUSER`. Characters that a URL reserves need no escaping here.',
    change: 'Set it when the server asks for one.',
  }),
  PGDATABASE: setting(z.string().default('omninode_bridge'), {
    readBy: ['worker', 'CLI', 'stack'],
    about: 'It is the database on `PGHOST`; also the one that the local stack creates.',
    change: 'Give each installation on a shared server its own.',
  }),
  PG_POOL_MIN: setting(whole(0, 500).default(10), {
    readBy: ['worker'],
    about:
      'It says how many idle connections a worker keeps open. A value above `PG_POOL_MAX` is taken as `PG_POOL_MAX`.',
    change: 'Lower it when many idle workers hold too many connections of the server.',
  }),
  PG_POOL_MAX: setting(whole(1, 500).default(25), {
    readBy: ['worker'],
    about: 'It is the most connections that one worker opens. Work beyond it waits for `PG_CHECKOUT_TIMEOUT_MS`.',
    change:
      'Raise it when `pg_pool_pressure_total` grows and the server has connections to spare. 20 to 30 has been the optimum.',
  }),
  PG_STATEMENT_TIMEOUT_MS: setting(whole(100, 85_000).default(60_000), {
    readBy: ['worker'],
    about:
      'It is the number of milliseconds after which the server cancels a statement. A transaction that idles that long is ended too, and its locks are free.',
    change:
      'Lower it to hear of slow statements sooner. It cannot exceed 85,000, because an attempt of an activity ends after 90 s.',
  }),
  PG_CHECKOUT_TIMEOUT_MS: setting(whole(100, 60_000).default(5_000), {
    readBy: ['worker'],
    about:
      'It is the longest wait for a connection of the pool, in milliseconds. The attempt then fails, and Temporal retries it.',
    change: 'Raise it when connecting takes long, as through a proxy or across regions.',
  }),
  PG_BREAKER_FAILURES: setting(whole(1, 1_000).default(5), {
    readBy: ['worker'],
    about:
      'It says how many failures within the window open the circuit breaker of PostgreSQL. Only failures of class `unavailable` count ([ADR 0005](adr/0005-circuit-breakers.md)).',
    change: 'Raise it when short network faults open the breaker although the server is well.',
  }),
  PG_BREAKER_WINDOW_SECONDS: setting(seconds(3_600).default(30), {
    readBy: ['worker'],
    about: 'It is the window, in seconds, in which `PG_BREAKER_FAILURES` are counted.',
    change: 'Change it together with `PG_BREAKER_FAILURES`.',
  }),
  PG_BREAKER_OPEN_SECONDS: setting(seconds(3_600).default(60), {
    readBy: ['worker'],
    about:
      'It says how long the breaker stays open, in seconds. Calls are refused at once meanwhile; then one call is let through as a probe.',
    change: 'Lower it when the server usually recovers sooner, as in a failover of seconds.',
  }),
  PG_BREAKER_PROBE_SECONDS: setting(seconds(600).default(10), {
    readBy: ['worker'],
    about: 'It says how long the probe has to be answered, in seconds. Without an answer the breaker opens again.',
    change: 'Raise it when a server that has just started answers slowly.',
  }),
};

const kafka = {
  KAFKA_BOOTSTRAP_SERVERS: setting(list.optional(), {
    readBy: ['worker', 'intake', 'CLI', 'stack'],
    type: '`host:port`, several with commas',
    unset: LOCAL_STACK,
    about: 'It is the brokers to find the Kafka cluster by.',
    change: "Set it wherever Kafka is not the local stack's.",
  }),
  KAFKA_TOPIC_PREFIX: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,150}$/, 'expected letters, digits, dots, dashes or underscores')
      .default('omninode_bridge'),
    {
      readBy: ['worker', 'intake', 'CLI'],
      type: '1 to 150 letters, digits, dots, dashes or underscores',
      about: 'It is the prefix of every topic: `{prefix}.reducer.events.{event_type}`.',
      change: 'Give each installation on a shared cluster its own, and tell the clients (`kafka.topicPrefix`).',
    },
  ),
  KAFKA_TOPIC_PARTITIONS: setting(whole(1, 1_000).default(3), {
    readBy: ['worker', 'bridge setup'],
    about:
      'It is the partitions of an event topic that is created. A topic that exists keeps its partitions; a dead letter topic has one.',
    change:
      'Raise it before the first `bridge setup` when the intake has to run more slices: a partition runs one at a time.',
  }),
  KAFKA_REPLICATION_FACTOR: setting(whole(-1, 32_767).default(-1), {
    readBy: ['worker', 'bridge setup'],
    about: "It is the replicas of a topic that is created. -1 takes the broker's default.",
    change: "Set it when the cluster's default is not what events need, usually 3.",
  }),
  KAFKA_TIMEOUT_SECONDS: setting(seconds(35).default(30), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      "It is the longest wait for a broker's answer, in seconds. The worker gives a publish up after twice that and 5 s.",
    change:
      'Lower it to notice a broker that is gone sooner. It cannot exceed 35: a publish has to fit the 90 s of an activity attempt.',
  }),
  KAFKA_MAX_RETRY_ATTEMPTS: setting(whole(0, 20).default(3), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      'It says how often an activity tries to publish an event before it becomes a dead letter; 0 is taken as 1. It is also how often kafkajs repeats connecting and administration.',
    change: 'Raise it when brokers are often unavailable for longer than three attempts take.',
  }),
  KAFKA_RETRY_BACKOFF_BASE: setting(seconds(60).default(0.3), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about:
      'It is the number of seconds before kafkajs repeats connecting or administration. The wait doubles each time, up to 5 s. The producer itself never repeats ([ADR 0004](adr/0004-kafka-without-client-retries.md)).',
    change: 'There is seldom a reason.',
  }),
  KAFKA_COMPRESSION: setting(z.enum(['none', 'gzip', 'lz4']).optional(), {
    readBy: ['worker', 'bridge emit'],
    unset: '`lz4` in production, `gzip` in staging, else `none` (`ENVIRONMENT`)',
    about: 'It is the compression of produce requests.',
    change: "Set it to `none` when the worker's CPU is scarcer than the network.",
  }),
  KAFKA_BATCH_SIZE: setting(whole(1, 10_000).optional(), {
    readBy: ['worker'],
    unset: '100 in production and staging, else 500 (`ENVIRONMENT`)',
    about:
      'It is the most messages that concurrent activities put into one produce request. A request with that many does not linger any longer.',
    change: 'Raise it together with `BATCH_LINGER_MS` for more throughput.',
  }),
  BATCH_LINGER_MS: setting(whole(0, 1_000).optional(), {
    readBy: ['worker'],
    unset: '10 in production, 5 in staging, else 0 (`ENVIRONMENT`)',
    about:
      'It is the number of milliseconds that a batch lingers for more work, towards Kafka and PostgreSQL. 0 sends at once when nothing is in flight.',
    change: 'Lower it for shorter lists of one caller; raise it for more throughput of many.',
  }),
  KAFKA_BREAKER_FAILURES: setting(whole(1, 1_000).default(5), {
    readBy: ['worker'],
    about: 'It says how many failures within the window open the circuit breaker of Kafka; as `PG_BREAKER_FAILURES`.',
    change: 'Raise it when short network faults open the breaker although the cluster is well.',
  }),
  KAFKA_BREAKER_WINDOW_SECONDS: setting(seconds(3_600).default(30), {
    readBy: ['worker'],
    about: 'It is the window, in seconds, in which `KAFKA_BREAKER_FAILURES` are counted.',
    change: 'Change it together with `KAFKA_BREAKER_FAILURES`.',
  }),
  KAFKA_BREAKER_OPEN_SECONDS: setting(seconds(3_600).default(30), {
    readBy: ['worker'],
    about: 'It says how long the breaker stays open, in seconds. Then one publish is let through as a probe.',
    change: 'Lower it when the cluster usually recovers sooner.',
  }),
  KAFKA_BREAKER_PROBE_SECONDS: setting(seconds(600).default(5), {
    readBy: ['worker'],
    about: 'It says how long the probe has to be answered, in seconds. Without an answer the breaker opens again.',
    change: 'Raise it when brokers that have just started answer slowly.',
  }),
};

const deadLetters = {
  KAFKA_ENABLE_DLQ: setting(z.stringbool().default(true), {
    readBy: ['worker'],
    about:
      'It says whether an event that no broker takes becomes a dead letter. Otherwise its intent is retried, and fails in the end.',
    change: 'Set it to `false` when a list must not succeed before its events are published.',
  }),
  KAFKA_DLQ_SUFFIX: setting(z.string().default('.dlq'), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    about: "It is the ending of a dead letter topic's name; the topic of the letter comes before it.",
    change: 'Set it when the cluster names such topics otherwise. Run `bridge setup` afterwards.',
  }),
  KAFKA_DLQ_MAX_REDRIVES: setting(whole(1, 1_000_000).default(10), {
    readBy: ['worker'],
    about:
      'It says how many redrives a broker may refuse before the automatic redrive leaves a dead letter to a person.',
    change: 'There is seldom a reason: a letter refused ten times is too large, or its topic forbids it.',
  }),
  DLQ_REDRIVE_SECONDS: setting(whole(0, 86_400).default(60), {
    readBy: ['bridge setup'],
    about:
      'It is the number of seconds between two automatic redrives of dead letters. 0 removes the schedule: only a person redrives then.',
    change: 'Raise it when redrives burden a cluster that is still recovering. Run `bridge setup` afterwards.',
  }),
  DLQ_LETTERS_PASS: setting(z.stringbool().default(false), {
    readBy: ['worker'],
    about:
      'It says whether later messages of a key are sent while a dead letter of it is open. Otherwise they become letters behind it, and the order holds.',
    change:
      "Set it to `true` when consumers need no order by key: nothing waits then, and the key's order is lost for good.",
  }),
};

const intake = {
  KAFKA_GROUP_ID: setting(z.string().optional(), {
    readBy: ['intake'],
    unset: '`bridge-store-effect-intake-` and `KAFKA_TOPIC_PREFIX`',
    about:
      'It is the consumer group of the intake. All processes of one group share the partitions of `INTENT_EMITTED`.',
    change:
      'Set it when the cluster allows only certain group names. A new group starts at the beginning of the topic.',
  }),
  INTAKE_MAX_SLICES: setting(whole(1, 1_000).default(12), {
    readBy: ['intake'],
    about: 'It says how many slices one intake process has running. A slice holds up to 500 intents of one partition.',
    change:
      'Raise it to the number of partitions that one process reads, when `intake_lag` grows and the worker is not busy.',
  }),
};

const maintenance = {
  LEDGER_RETENTION_DAYS: setting(whole(0, 36_500).default(30), {
    readBy: ['worker', 'bridge setup', 'bridge doctor'],
    about:
      'It is the number of days for which the ledger is kept; 0 keeps it for ever. It has to be longer than Temporal keeps executions and topics keep messages ([ADR 0007](adr/0007-retention-and-sweep.md)).',
    change:
      'Raise it with the retention of a topic or of the namespace; `bridge doctor` says how far. Run `bridge setup` afterwards.',
  }),
  SWEEP_SECONDS: setting(whole(0, 86_400).default(300), {
    readBy: ['bridge setup'],
    about:
      'It is the number of seconds between two sweeps. A sweep announces the effects of executions that were terminated or timed out. 0 removes the schedule.',
    change: 'Lower it when consumers have to hear of such effects sooner. Run `bridge setup` afterwards.',
  }),
  RECOVERY_SECONDS: setting(whole(0, 31_536_000).default(86_400), {
    readBy: ['bridge setup'],
    about:
      'It is the number of seconds between two recoveries. A recovery emits the FSM state of every workflow for the reducers. 0 removes the schedule.',
    change:
      'Set it to 0 when reducers ask by themselves, or lower it when they lose states often. Run `bridge setup` afterwards.',
  }),
  RECOVERY_PAUSED: setting(z.stringbool().default(false), {
    readBy: ['bridge setup'],
    about:
      "It says whether `bridge setup` creates the recovery's schedule paused. A schedule that exists is left as it is.",
    change: 'Set it to `true` when a person is to start recoveries from the Web UI.',
  }),
  OUTAGE_BUDGET_SECONDS: setting(seconds(86_400).default(900), {
    readBy: ['worker'],
    about:
      'It says how long an outage of a store is waited out before intents fail, in seconds. It counts from the first failure that the worker saw.',
    change: 'Raise it above the longest outage that must not fail a list, such as a planned maintenance.',
  }),
};

const rollout = {
  ENABLE_INTENT_PUBLISHER: setting(
    z
      .string()
      .transform((value) => parseShare(value))
      .refine((percent) => percent !== null, 'expected true, false or 0 to 100')
      .optional(),
    {
      readBy: ['bridge setup'],
      type: '`true`, `false`, or a whole percentage from 0 to 100',
      unset: 'the share that is set, 0 as long as none is',
      about:
        'It is the percentage of correlation ids that take this service beside a legacy path, as long as no share has been set. A `RolloutRouter` takes the same value as its option `enabled` ([ADR 0010](adr/0010-rollout.md)).',
      change: 'Set it for the first `bridge setup` of a rollout. Afterwards `bridge rollout set` changes the share.',
    },
  ),
};

const identity = {
  ENVIRONMENT: setting(z.string().default('development'), {
    readBy: ['worker', 'bridge emit'],
    about:
      'It is the `environment` of every envelope. It also chooses how batches are made: `production` and `staging` compress and linger, any other value does not.',
    change: 'Set it in every deployment.',
  }),
  REGION: setting(z.string().default('local'), {
    readBy: ['worker', 'bridge emit'],
    about: 'It is the `region` of every envelope.',
    change: 'Set it in every deployment that has regions.',
  }),
  SERVICE_INSTANCE: setting(z.string().default(hostname()), {
    readBy: ['worker', 'intake', 'bridge setup', 'bridge doctor'],
    unset: "the host's name",
    about:
      'It is the name of this process: `source_instance` in envelopes, the client id towards Kafka, the application name in PostgreSQL.',
    change: 'Set it when several processes run on one host, or when host names say nothing.',
  }),
  DEPLOYMENT_ID: setting(z.string().max(200).optional(), {
    readBy: ['worker'],
    unset: 'the hash of the workflow code',
    about: 'It is the name of a deployment. `bridge worker --recover-on-start` starts one recovery for each name.',
    change: 'Set it when a deployment without new workflow code shall recover, too.',
  }),
};

const processes = {
  PORT: setting(whole(0, 65_535).default(8080), {
    readBy: ['worker', 'intake'],
    about: 'It is the port of `/health`, `/ready` and `/metrics`. 0 takes any free port, and the log names it.',
    change: 'Set it when the port is taken, or to 0 for several workers on one host.',
  }),
  LOG_LEVEL: setting(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'), {
    readBy: ['worker', 'intake', 'CLI'],
    about: 'It is the lowest level that is logged. Logs are JSON lines on standard error.',
    change: 'Set it to `debug` to look into a fault, to `warn` when logs are paid for by the line.',
  }),
  SHUTDOWN_GRACE_SECONDS: setting(seconds(600).default(30), {
    readBy: ['worker', 'intake'],
    about:
      'It says how long running activities may take to finish after SIGTERM, in seconds. An intake in a worker has half of it.',
    change: 'Keep it below the time after which your platform kills a process.',
  }),
  MAX_CACHED_WORKFLOWS: setting(whole(0, 100_000).default(1_000), {
    readBy: ['worker'],
    about: 'It says how many workflows a worker keeps in memory. One that is not kept is replayed from its history.',
    change:
      'Lower it when a worker takes too much memory, but not below `INTAKE_MAX_SLICES` in a worker with an intake.',
  }),
  MAX_CONCURRENT_ACTIVITIES: setting(whole(1, 10_000).default(100), {
    readBy: ['worker'],
    about: 'It says how many activities a worker runs at once.',
    change: 'Lower it to protect the stores from one worker; scale out with more workers.',
  }),
};

const localStack = {
  BRIDGE_STACK_MODE: setting(z.enum(['auto', 'native', 'compose']).default('auto'), {
    readBy: ['stack'],
    about:
      'It says how the local servers run: in containers (`compose`) or as processes (`native`). `auto` takes containers where an engine answers.',
    change:
      'Set it when both are possible and you want the other. A stack keeps its kind until `bridge stack down --purge`.',
  }),
  BRIDGE_STACK_DIR: setting(z.string().default('.stack'), {
    readBy: ['stack'],
    type: 'path',
    about: "It is the folder of the local servers' data and logs, from the working directory.",
    change: 'Give each local stack its own to run several side by side.',
  }),
  BRIDGE_CACHE_DIR: setting(z.string().default(envPaths('bridge-store-effect', { suffix: '' }).cache), {
    readBy: ['stack'],
    type: 'path',
    unset: "the user's cache folder, `bridge-store-effect` in it",
    about: 'It is the folder of the servers that were downloaded or built. All stacks of a user share it.',
    change: 'Set it to a folder that your CI keeps between runs.',
  }),
  NO_COLOR: setting(z.string().optional(), {
    readBy: ['CLI'],
    unset: 'colours on a terminal',
    type: 'any text',
    about: 'Commands print no colours when it is set.',
    change: 'Set it when a log collector keeps escape sequences.',
  }),
};

/** The variables by what they are about, in the order of docs/settings.md. */
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

/** @throws Error when a variable has no text. */
export function settingText(schema: z.core.$ZodType): SettingText {
  const text = texts.get(schema as z.ZodType);
  if (text === undefined) throw new Error('config: a variable stands without its text');
  return text;
}

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
    const lines = parsed.error.issues.map((issue) => issueInWords(issue, given, 'environment'));
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
