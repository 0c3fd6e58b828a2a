import { Command } from 'commander';
import type { Config } from '../../config.js';
import { counted } from '../../domain/intents/definition.js';
import { createKafka } from '../../kafka/client.js';
import { aclCommands } from '../../kafka/acls.js';
import { intakeGroup, kafkaSettings, topicSettings } from '../../kafka/settings.js';
import { createTopics, type MissingTopic } from '../../kafka/topics.js';
import { createLogger } from '../../log.js';
import { packagePath } from '../../paths.js';
import { cutOver } from '../../postgres/schema/cut-over.js';
import { migrate } from '../../postgres/schema/migrate.js';
import { rolesSql } from '../../postgres/schema/roles.js';
import { createRolloutStore } from '../../postgres/rollout/rollout-store.js';
import { postgresEndpoint } from '../../settings/postgres-endpoint.js';
import { type AdministratorCommands, setupTemporal } from '../../temporal/setup.js';
import { contextOf, endpointsOf } from '../context.js';
import { withPool } from '../database.js';
import { EXIT, UsageError } from '../errors.js';
import type { Output } from '../views/output.js';
import { type Endpoints, partsOf, type PostgresEndpoint } from '../../endpoints.js';

export interface SetupResult {
  readonly migrations: readonly string[];
  /** The indexes of large tables that were built, or built anew. */
  readonly indexes: readonly string[];
  readonly topics: readonly string[];
  /** The topics that an administrator has to create, because this user may not. */
  readonly missing_topics: readonly MissingTopic[];
  readonly search_attributes: readonly string[];
  readonly schedules: readonly string[];
  readonly namespace_created: boolean;
  /** Commands for an administrator of Temporal, where the server does not let us do what they do. */
  readonly administrator: AdministratorCommands | null;
}

export const setupCommand = (): Command =>
  new Command('setup')
    .description('prepare the servers: migrations, topics, search attributes, schedules; safe to repeat')
    .option('--cut-over', 'end the rollout beside legacy writers: switch bridge_states to its final key')
    .option(
      '--print-roles',
      "change nothing; print each role's rights, as SQL and as commands of Kafka in its comments",
    )
    .action(async (options: { cutOver?: boolean; printRoles?: boolean }, command: Command) => {
      const { config, out } = contextOf(command);
      if (options.printRoles === true) {
        printRoles(config, out);
        return;
      }
      const endpoints = await endpointsOf(config);
      const result = await setup(config, endpoints);
      const moved =
        options.cutOver === true
          ? await withPool(ownersEndpoint(endpoints.postgres), async (pool) => (await cutOver(pool)).moved)
          : undefined;
      out.record({ ...result, ...(moved === undefined ? {} : { cut_over_rows: moved }) });
      out.line(`PostgreSQL  ${done(result.migrations, 'migration')}`);
      if (result.indexes.length > 0) out.line(`Indexes     ${result.indexes.join(', ')} built`);
      out.line(`Kafka       ${done(result.topics, 'topic')}`);
      const whole = result.administrator === null;
      out.line(`Temporal    ${whole ? done(result.search_attributes, 'search attribute') : 'not complete'}`);
      out.line(`Schedules   ${done(result.schedules, 'schedule')}`);
      if (moved !== undefined) out.line(`Cut-over    ${moved} legacy rows moved`);
      showMissing(out, result.missing_topics);
      showCommands(out, result.administrator);
    });

/** Shows what is left to an administrator of Kafka. The rest is done, and the exit code says that not all is. */
function showMissing(out: Output, topics: readonly MissingTopic[]): void {
  if (topics.length === 0) return;
  process.exitCode = EXIT.failed;
  out.line();
  out.line('This user has no right to create, or to see, these topics. An administrator of Kafka has to create them:');
  out.table(
    ['topic', 'partitions'],
    topics.map(({ topic, partitions }) => [topic, String(partitions)]),
  );
}

/** Shows what is left to an administrator of Temporal, likewise. */
function showCommands(out: Output, commands: AdministratorCommands | null): void {
  if (commands === null) return;
  process.exitCode = EXIT.failed;
  out.line();
  out.line('Temporal leaves the rest to an administrator. Run "bridge setup" again after these commands:');
  for (const line of commands.server) out.line(`  ${line}`);
  out.line('On Temporal Cloud:');
  for (const line of commands.cloud) out.line(`  ${line}`);
}

export async function setup(config: Config, endpoints: Endpoints): Promise<SetupResult> {
  const logger = createLogger(config.LOG_LEVEL);
  const [{ applied, indexes }, { created, refused }, temporal] = await Promise.all([
    migrate(ownersEndpoint(endpoints.postgres), {
      dir: packagePath('migrations'),
      waiting: (err, attempt) => logger.warn({ err, attempt }, 'a migration waits for a table that others use'),
      beforeUs: (run) => logger.warn(run, 'the migrations wait for another run, whose session has this pid'),
    }),
    createTopics(createKafka(kafkaSettings(config, endpoints.kafka), logger), topicSettings(config)),
    setupTemporal(endpoints.temporal, {
      taskQueue: config.TEMPORAL_TASK_QUEUE,
      redriveSeconds: config.DLQ_REDRIVE_SECONDS,
      retentionDays: config.LEDGER_RETENTION_DAYS,
      fsmRetentionDays: config.FSM_RETENTION_DAYS,
      sweepSeconds: config.SWEEP_SECONDS,
      recoverySeconds: config.RECOVERY_SECONDS,
      recoveryPaused: config.RECOVERY_PAUSED,
    }),
  ]);
  const percent = config.ENABLE_INTENT_PUBLISHER;
  if (percent != null) {
    await withPool(endpoints.postgres, (pool) =>
      createRolloutStore(pool).set(percent, 'ENABLE_INTENT_PUBLISHER', config.SERVICE_INSTANCE, true),
    );
  }
  return {
    migrations: applied,
    indexes,
    topics: created,
    missing_topics: refused,
    search_attributes: temporal.searchAttributes,
    schedules: temporal.schedules,
    namespace_created: temporal.namespaceCreated,
    administrator: temporal.administrator,
  };
}

/**
 * Returns the endpoint for migrations, whose lock belongs to a session.
 * @throws UsageError where there is nothing but a pooler of transactions.
 */
function ownersEndpoint(server: PostgresEndpoint): PostgresEndpoint {
  if (server.migration !== undefined) return server.migration;
  if (server.pooler !== 'transaction') return server;
  throw new UsageError(
    'MIGRATION_DATABASE_URL: expected the URL of PostgreSQL itself beside PG_POOLER=transaction, because migrations need a session',
  );
}

function printRoles(config: Config, out: Output): void {
  const url = postgresEndpoint(config)?.url;
  const sql = rolesSql(url === undefined ? config.PGDATABASE : partsOf(new URL(url)).database);
  const acls = aclCommands({
    prefix: config.KAFKA_TOPIC_PREFIX,
    dlqSuffix: config.KAFKA_DLQ_SUFFIX,
    groupId: intakeGroup(config),
  });
  out.record({ postgres: sql, kafka: acls });
  for (const line of sql.trimEnd().split('\n')) out.line(line);
  out.line('-- Kafka, for a shell: bridge setup --print-roles | sed -n "s/^-- kafka-acls/kafka-acls/p" | sh');
  for (const line of acls) out.line(`-- ${line}`);
}

const done = (names: readonly string[], noun: string): string =>
  names.length === 0 ? 'up to date' : `${counted(names.length, noun)} added`;
