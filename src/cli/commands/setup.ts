import { Command } from 'commander';
import type { Config } from '../../config.js';
import { counted } from '../../domain/intents/definition.js';
import { createKafka } from '../../kafka/client.js';
import { kafkaSettings, topicSettings } from '../../kafka/settings.js';
import { createTopics } from '../../kafka/topics.js';
import { createLogger } from '../../log.js';
import { packagePath } from '../../paths.js';
import { cutOver } from '../../postgres/schema/cut-over.js';
import { migrate } from '../../postgres/schema/migrate.js';
import { createRolloutStore } from '../../postgres/rollout/rollout-store.js';
import { type AdministratorCommands, setupTemporal } from '../../temporal/setup.js';
import { contextOf, endpointsOf } from '../context.js';
import { withPool } from '../database.js';
import { EXIT } from '../errors.js';
import type { Endpoints } from '../../endpoints.js';

export interface SetupResult {
  readonly migrations: readonly string[];
  readonly topics: readonly string[];
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
    .action(async (options: { cutOver?: boolean }, command: Command) => {
      const { config, out } = contextOf(command);
      const endpoints = await endpointsOf(config);
      const result = await setup(config, endpoints);
      const moved =
        options.cutOver === true
          ? await withPool(endpoints.postgres, async (pool) => (await cutOver(pool)).moved)
          : undefined;
      out.record({ ...result, ...(moved === undefined ? {} : { cut_over_rows: moved }) });
      out.line(`PostgreSQL  ${done(result.migrations, 'migration')}`);
      out.line(`Kafka       ${done(result.topics, 'topic')}`);
      const whole = result.administrator === null;
      out.line(`Temporal    ${whole ? done(result.search_attributes, 'search attribute') : 'not complete'}`);
      out.line(`Schedules   ${done(result.schedules, 'schedule')}`);
      if (moved !== undefined) out.line(`Cut-over    ${moved} legacy rows moved`);
      if (result.administrator !== null) {
        const { server, cloud } = result.administrator;
        out.line();
        out.line('Temporal leaves the rest to an administrator. Run "bridge setup" again after these commands:');
        for (const line of server) out.line(`  ${line}`);
        out.line('On Temporal Cloud:');
        for (const line of cloud) out.line(`  ${line}`);
        process.exitCode = EXIT.failed;
      }
    });

export async function setup(config: Config, endpoints: Endpoints): Promise<SetupResult> {
  const logger = createLogger(config.LOG_LEVEL);
  const [{ applied }, topics, temporal] = await Promise.all([
    migrate(endpoints.postgres, { dir: packagePath('migrations') }),
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
    topics,
    search_attributes: temporal.searchAttributes,
    schedules: temporal.schedules,
    namespace_created: temporal.namespaceCreated,
    administrator: temporal.administrator,
  };
}

const done = (names: readonly string[], noun: string): string =>
  names.length === 0 ? 'up to date' : `${counted(names.length, noun)} added`;
