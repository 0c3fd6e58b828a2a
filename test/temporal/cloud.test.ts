/**
 * These tests run `bridge setup` and `bridge doctor` where administration is left to others, as on Temporal Cloud.
 * The operator service answers nobody, and no namespace may be registered.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { until } from '../../src/flow-control/until.js';
import { fetchTemporal } from '../../src/stack/native/temporal/service.js';
import { runCommand } from '../../src/stack/process/run.js';
import { createReporter } from '../../src/stack/progress.js';
import type { AdministratorCommands } from '../../src/temporal/setup.js';
import { bridgeHere } from '../support/bridge-here.js';
import { createEnvironment, type Environment } from '../support/environment.js';
import { type Front, PERMISSION_DENIED, temporalFront, UNIMPLEMENTED } from '../support/temporal-front.js';

interface SetUp {
  readonly namespace_created: boolean;
  readonly search_attributes: readonly string[];
  readonly schedules: readonly string[];
  readonly topics: readonly string[];
  readonly administrator: AdministratorCommands | null;
}

describe('a Temporal server that leaves administration to others', () => {
  const namespace = `cloud-${randomUUID().slice(0, 8)}`;
  let environment: Environment;
  let front: Front;
  let env: NodeJS.ProcessEnv;
  let cli: string;
  before(async () => {
    environment = await createEnvironment({ worker: false });
    front = await temporalFront(environment.endpoints.temporal.address, {
      refuse(path) {
        if (path.endsWith('/RegisterNamespace')) return PERMISSION_DENIED;
        return path.includes('OperatorService') ? UNIMPLEMENTED : null;
      },
    });
    env = {
      ...environment.env,
      TEMPORAL_ADDRESS: front.address,
      TEMPORAL_NAMESPACE: namespace,
      KAFKA_TOPIC_PREFIX: `${environment.config.KAFKA_TOPIC_PREFIX}-cloud`,
      RECOVERY_SECONDS: '86400',
    };
    cli = await fetchTemporal(environment.config.BRIDGE_CACHE_DIR, {
      run: runCommand,
      reporter: createReporter(undefined),
    });
  });
  after(async () => {
    await environment.close();
    await front.close();
  });

  const setUp = async () => {
    const run = await bridgeHere(['setup', '--json'], env);
    return { code: run.code, ...(run.json()[0] as SetUp) };
  };
  /** Runs what was printed, as an administrator does: on the server itself, by its own command line. */
  async function administer(commands: readonly string[]): Promise<void> {
    for (const command of commands) {
      const [program, ...args] = command.split(' ');
      assert.equal(program, 'temporal');
      await promisify(execFile)(cli, [...args, '--address', environment.endpoints.temporal.address]);
    }
  }

  it('gets what it permits, and its administrator the commands for the rest', async () => {
    const first = await setUp();
    assert.deepEqual(
      [first.code, first.namespace_created, first.topics.length, first.schedules],
      [1, false, 28, []],
      'Kafka and PostgreSQL are set up all the same',
    );
    assert.deepEqual(first.administrator, {
      server: [`temporal operator namespace create --namespace ${namespace} --retention 7d`],
      cloud: [`tcld namespace create --namespace ${namespace} --retention-days 7 --region REGION`],
    });
    await administer(first.administrator.server);
    const second = await until(30_000, async () => {
      const result = await setUp();
      assert.equal(result.schedules.length, 1);
      return result;
    });
    assert.deepEqual([second.code, second.search_attributes], [1, []]);
    const { server, cloud } = second.administrator!;
    const types = ['IntentOutcome Keyword', 'IntentTypes KeywordList', 'FailedIntents Int'];
    assert.deepEqual(
      server,
      [...types, 'CorrelationId Keyword', 'UnannouncedEffects Int', 'RequestIds KeywordList'].map((attribute) => {
        const [name, type] = attribute.split(' ');
        return `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`;
      }),
    );
    assert.match(
      cloud.join(),
      /^tcld namespace search-attributes add --namespace .* --search-attribute "IntentOutcome=Keyword" /,
    );
    const doctor = await bridgeHere(['doctor'], env);
    assert.equal(doctor.code, 1);
    assert.match(doctor.stdout, /FAIL +Temporal search attributes +IntentOutcome, .*RequestIds missing; run "bridge/);
    const shown = await bridgeHere(['setup'], env);
    assert.equal(shown.code, 1);
    for (const command of [...server, ...cloud]) assert.ok(shown.stdout.includes(`\n  ${command}\n`), shown.stdout);

    await administer(server.slice(0, 1));
    await until(30_000, async () => {
      const { administrator } = await setUp();
      assert.deepEqual(administrator?.server, server.slice(1), 'what is there is not asked for again');
    });
    await administer(server.slice(1));
    await until(30_000, async () => {
      const { code, administrator } = await setUp();
      assert.deepEqual([code, administrator], [0, null]);
    });
    assert.match((await bridgeHere(['doctor'], env)).stdout, /ok +Temporal search attributes/);
  });
});
