import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import type { Kafka } from 'kafkajs';
import type { Config } from '../../config.js';
import { withAdmin } from '../../kafka/admin.js';
import { createKafka } from '../../kafka/client.js';
import { kafkaSettings, topicSettings } from '../../kafka/settings.js';
import { allTopics, eventTopics, missingTopics, topicRetention } from '../../kafka/topics.js';
import { packagePath } from '../../paths.js';
import { encodingProblem } from '../../postgres/schema/encoding.js';
import { checkStates, type StateCheck, type StateProblem } from '../../postgres/states/state-check.js';
import { withConnection as inConnection } from '../../postgres/core/pool.js';
import { pendingIndexes } from '../../postgres/schema/concurrent-indexes.js';
import { pendingMigrations } from '../../postgres/schema/pending-migrations.js';
import { missingRights } from '../../postgres/schema/roles.js';
import { withConnection } from '../../temporal/connect.js';
import { lastPollOf, missingSearchAttributes, namespaceRetentionSeconds } from '../../temporal/inspect.js';
import { isPolled, noWorkerPolls } from '../../temporal/polls.js';
import { describeDeployment } from '../../temporal/versioning/deployments.js';
import { strandedLists } from '../../temporal/versioning/stranded.js';
import { contextOf, endpointsOf } from '../context.js';
import { withPool } from '../database.js';
import { EXIT, isUnreachable, UsageError } from '../errors.js';
import type { Output, Text } from '../views/output.js';
import { judgeRetention, type RetentionSetting, type Warning } from '../retention-check.js';
import type { Endpoints, KafkaEndpoint, PostgresEndpoint, TemporalEndpoint } from '../../endpoints.js';

interface Options {
  readonly checkStates?: boolean;
  readonly fix?: boolean;
}

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  /** Whether the finding is something to know and no failure. */
  readonly warning?: boolean;
  readonly detail: string;
  readonly unreachable?: boolean;
}

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('check that everything an execution needs is there, and say what to do where it is not')
    .option('--check-states', 'compare the current state of every workflow with its history')
    .option('--fix', 'with --check-states: repair the states that differ or are missing')
    .action(async (options: Options, command: Command) => {
      const { fix = false } = options;
      const { config, out } = contextOf(command);
      if (fix && options.checkStates !== true) throw new UsageError('--fix: expected together with --check-states');
      const endpoints = await endpointsOf(config);
      const findings = await examine(config, endpoints);
      const states = options.checkStates === true ? await compareStates(out, endpoints.postgres, fix) : undefined;
      if (states !== undefined) findings.push(states.finding);
      for (const finding of findings) out.record(finding);
      const mark = ({ ok, warning }: Finding): Text => {
        if (!ok) return out.style('red', 'FAIL');
        return warning === true ? out.style('yellow', 'warn') : out.style('green', 'ok');
      };
      out.table(
        ['', 'check', ''],
        findings.map((finding) => [mark(finding), finding.check, finding.detail]),
      );
      if (states !== undefined) showProblems(out, states.problems);
      if (findings.some(({ unreachable }) => unreachable === true)) process.exitCode = EXIT.unreachable;
      else if (findings.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
    });

const examine = (config: Config, endpoints: Endpoints): Promise<Finding[]> => {
  const { temporal, postgres, kafka } = endpoints;
  const { TEMPORAL_DEPLOYMENT_NAME: deployment } = config;
  return Promise.all([
    finding('PostgreSQL migrations', async () => {
      const pending = await withPool(postgres, async (pool) => [
        ...(await pendingMigrations(pool, packagePath('migrations'))),
        ...(await pendingIndexes(pool, packagePath('migrations'))),
      ]);
      return pending.length === 0 ? null : `${pending.join(', ')} not applied; run "bridge setup"`;
    }),
    finding('PostgreSQL rights', async () => {
      const missing = await withPool(postgres, missingRights);
      const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
      return missing.length === 0 ? null : `no ${missing[0] ?? ''}${more}; run "bridge setup --print-roles"`;
    }),
    finding('PostgreSQL encoding', () => withPool(postgres, (pool) => inConnection(pool, encodingProblem))),
    finding('Kafka topics', async () => {
      const missing = await withAdmin(kafkaOf(config, kafka), (admin) =>
        missingTopics(admin, eventTopics(config.KAFKA_TOPIC_PREFIX)),
      );
      return missing.length === 0 ? null : `${missing.length} missing (${missing[0] ?? ''} …); run "bridge setup"`;
    }),
    finding('Temporal search attributes', async () => {
      const missing = await withConnection(temporal, (connection) =>
        missingSearchAttributes(connection, temporal.namespace),
      );
      return missing.length === 0 ? null : `${missing.join(', ')} missing; run "bridge setup"`;
    }),
    finding('ledger retention', () => examineRetention('LEDGER_RETENTION_DAYS', config, endpoints)),
    finding('FSM retention', () => examineRetention('FSM_RETENTION_DAYS', config, endpoints)),
    finding('workers', async () => {
      const queue = config.TEMPORAL_TASK_QUEUE;
      const lastPoll = await withConnection(temporal, (connection) =>
        lastPollOf(connection, temporal.namespace, queue),
      );
      return isPolled(lastPoll) ? null : `${noWorkerPolls(queue, lastPoll)}; run "bridge worker"`;
    }),
    ...(deployment === undefined ? [] : [examineVersions(config, deployment, temporal)]),
  ]);
};

/** Looks whether new lists go to a version of this deployment, and whether workers poll for all that is open. */
const examineVersions = (config: Config, deployment: string, temporal: TemporalEndpoint): Promise<Finding> =>
  finding('worker version', () =>
    withConnection(temporal, async (connection) => {
      const { namespace } = temporal;
      const client = { workflowService: connection.workflowService, options: { namespace } };
      const report = await describeDeployment(client, deployment, config.TEMPORAL_TASK_QUEUE);
      const { current, other_deployment } = report;
      const problems = strandedLists(report);
      if (other_deployment !== null)
        problems.unshift(`the deployment ${other_deployment} gets the new lists; run "bridge deploy current"`);
      else if (current === null) problems.unshift('no version is current; run "bridge deploy current"');
      return problems.length === 0 ? null : problems.join('. ');
    }),
  );

/** Compares the days of a setting with what Temporal and the topics keep. */
async function examineRetention(
  setting: RetentionSetting,
  config: Config,
  { temporal, kafka }: Endpoints,
): Promise<string | Warning | null> {
  if (config[setting] === 0) return null;
  const executions = await withConnection(temporal, (connection) =>
    namespaceRetentionSeconds(connection, temporal.namespace),
  );
  const names = allTopics(topicSettings(config));
  const topics = await withAdmin(kafkaOf(config, kafka), (admin) => topicRetention(admin, names), {
    operation: 'DescribeConfigs',
    topics: names,
  });
  return judgeRetention(setting, config[setting], { namespace: temporal.namespace, executions, topics });
}

/** Compares all states; a fault that stays is a failure. */
async function compareStates(out: Output, server: PostgresEndpoint, fix: boolean) {
  const bar = out.interactive
    ? new SingleBar({ format: '{value} workflows compared  {duration_formatted}', stream: process.stderr })
    : undefined;
  let problems: readonly StateProblem[] = [];
  const found = await finding('FSM states', () =>
    withPool(server, async (pool) => {
      bar?.start(1, 0);
      const check = await checkStates(pool, { fix, onProgress: (checked) => bar?.update(checked) }).finally(() =>
        bar?.stop(),
      );
      problems = check.examples;
      return judgeStates(check, fix);
    }),
  );
  return { finding: found, problems };
}

function judgeStates({ checked, faults, repaired }: StateCheck, fix: boolean): string | Warning | null {
  const mendable = faults.missing + faults.differs;
  const counts = `${checked} compared: ${faults.missing} missing, ${faults.differs} differ, ${faults.orphaned} without a history`;
  if (mendable + faults.orphaned === 0) return null;
  if (fix) {
    // A state that a writer has put right meanwhile needs no repair.
    const detail = `${counts}; ${repaired} repaired`;
    return faults.orphaned > 0
      ? `${detail}; those without a history are for a person to judge`
      : { warning: true, detail };
  }
  return mendable > 0 ? `${counts}; run "bridge doctor --check-states --fix"` : counts;
}

function showProblems(out: Output, problems: readonly StateProblem[]): void {
  for (const problem of problems) out.record(problem);
  for (const { workflow_id, fault, stored, expected } of problems) {
    out.line();
    out.line(`${workflow_id}  ${fault}`);
    out.line(`  stored    ${stored ?? 'nothing'}`);
    out.line(`  expected  ${expected ?? 'unknown: no history'}`);
  }
}

/** @param examineOne answers null when all is well, else what is wrong and what to do. */
async function finding(check: string, examineOne: () => Promise<string | Warning | null>): Promise<Finding> {
  try {
    const problem = await examineOne();
    if (problem !== null && typeof problem === 'object') return { check, ok: true, ...problem };
    return { check, ok: problem === null, detail: problem ?? '' };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { check, ok: false, detail, unreachable: isUnreachable(error) };
  }
}

const kafkaOf = (config: Config, server: KafkaEndpoint): Kafka => createKafka(kafkaSettings(config, server));
