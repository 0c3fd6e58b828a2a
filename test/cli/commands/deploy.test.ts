/** These tests send lists to one version of the workers or another, and read on which of them each was executed. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { until } from '../../../src/flow-control/until.js';
import { createLogger } from '../../../src/log.js';
import type { DeploymentReport, VersionReport } from '../../../src/temporal/versioning/deployments.js';
import { type RunningWorker, startWorker } from '../../../src/worker/run.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { createEnvironment, type Environment } from '../../support/environment.js';
import { persistState } from '../../support/intents.js';

describe('bridge deploy', () => {
  const name = `deploy-${randomUUID()}`;
  let environment: Environment;
  const workers: RunningWorker[] = [];
  before(async () => {
    environment = await createEnvironment({ worker: false, env: { TEMPORAL_DEPLOYMENT_NAME: name }, share: 'never' });
  });
  after(async () => {
    for (const worker of workers) await worker.shutdown();
    await environment.close();
  });

  const deploy = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    bridgeHere(['deploy', ...args, '--json'], { ...environment.env, ...env });
  /** Runs a command that has to succeed, and returns its record. */
  async function deployed(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<unknown> {
    const run = await deploy(args, env);
    assert.equal(run.code, 0, run.stderr);
    return run.json()[0];
  }
  const status = async () => (await deployed(['status'])) as DeploymentReport;
  async function refused(args: readonly string[], sentence: RegExp): Promise<void> {
    const run = await deploy(args);
    assert.equal(run.code, 2, run.stdout);
    assert.match(run.stderr.trimEnd(), sentence);
    assert.equal(run.stderr.trimEnd().split('\n').length, 1);
  }
  const start = async (id: string) => {
    const { config, workerEndpoints: endpoints } = environment;
    workers.push(
      await startWorker({ config: { ...config, DEPLOYMENT_ID: id }, endpoints, logger: createLogger('silent') }),
    );
  };
  /** Returns the version whose build id begins with `id`, once its workers have polled. */
  const version = (id: string): Promise<VersionReport> =>
    until(30_000, async () => {
      const found = (await status()).versions.find(({ build_id }) => build_id.startsWith(`${id}-`));
      assert.ok(found?.last_poll != null, `no worker of ${id} polls`);
      return found;
    });
  /** Executes a list. @returns the build id of the version that executed it. */
  async function executedOn(): Promise<string | null | undefined> {
    const { workflow_id, outcome } = await environment.client.executeIntents([persistState()]);
    assert.equal(outcome, 'completed');
    const { raw } = await environment.temporal.workflow.getHandle(workflow_id).describe();
    return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
  }

  it('says that versioning is off where it is', async () => {
    const run = await deploy(['status'], { TEMPORAL_DEPLOYMENT_NAME: '' });
    assert.equal(run.code, 2);
    assert.match(run.stderr, /^bridge: TEMPORAL_DEPLOYMENT_NAME: expected the name of the deployment, got none/);
  });

  it('knows no version before a worker has polled', async () => {
    assert.deepEqual(await status(), {
      deployment: name,
      current: null,
      ramping: null,
      ramping_percent: 0,
      other_deployment: null,
      unversioned_last_poll: null,
      versions: [],
    });
    await refused(
      ['current', 'x'],
      /^bridge: x: expected a version of deploy-.*, whose workers have polled \(there is no version yet\)$/,
    );
  });

  it('sends new lists to the current version, which is this package’s own by default', async () => {
    await start('one');
    await start('two');
    const [one, two] = [await version('one'), await version('two')];
    assert.deepEqual([one.status, one.percent, one.may_end], ['inactive', 0, false]);
    const doctor = async () => {
      const run = await bridgeHere(['doctor', '--json'], environment.env);
      return run.json().find((finding) => (finding as { check: string }).check === 'worker version');
    };
    assert.match(JSON.stringify(await doctor()), /"ok":false.*no version is current; run \\"bridge deploy current/);

    assert.deepEqual(await deployed(['current'], { DEPLOYMENT_ID: 'one' }), {
      deployment: name,
      current: one.build_id,
      previous: null,
    });
    assert.equal(await executedOn(), one.build_id);
    assert.match(JSON.stringify(await doctor()), /"ok":true/);

    assert.deepEqual(await deployed(['ramp', '100', two.build_id]), {
      deployment: name,
      ramping: two.build_id,
      percent: 100,
    });
    assert.equal(await executedOn(), two.build_id);
    const { ramping, ramping_percent, versions } = await status();
    assert.deepEqual([ramping, ramping_percent], [two.build_id, 100]);
    const shares = versions.map(({ build_id, status: is, percent }) => [build_id, is, percent]);
    assert.deepEqual(shares.sort(), [
      [one.build_id, 'current', 0],
      [two.build_id, 'ramping', 100],
    ]);

    await deployed(['current', one.build_id]);
    assert.equal(await executedOn(), one.build_id);
    assert.equal((await status()).ramping, null);

    await deployed(['ramp', '100', two.build_id]);
    await deployed(['ramp', '0']);
    assert.equal(await executedOn(), one.build_id);
    await deployed(['current', two.build_id]);
    assert.equal(await executedOn(), two.build_id);
    const left = await version('one');
    assert.deepEqual([left.status, left.open, left.may_end], ['draining', 0, false]);
  });

  it('refuses what it cannot do, in one sentence', async () => {
    const { build_id } = await version('two');
    await refused(
      ['current', 'nobody'],
      /^bridge: nobody: expected a version of deploy-.*, whose workers have polled \(.*two-.*\)$/,
    );
    await refused(['ramp', '10', build_id], /^bridge: two-.* is current: it gets all new lists already$/);
    await refused(['current', build_id, '--unversioned'], /^bridge: --unversioned: expected no build id beside it$/);
    await refused(
      ['current', '--unversioned'],
      /^bridge: --unversioned: no worker polls for lists without a version; start workers first$/,
    );
    await refused(['current', ''], /^bridge: build: expected a build id of "bridge deploy status", got ""$/);
    await refused(['ramp', '0', build_id], /^bridge: 0: expected no build id beside it$/);
    for (const share of ['101', 'NaN', '1e1', '0x10', '+5', '1e-9', '']) {
      const run = await deploy(['ramp', share, build_id]);
      assert.deepEqual([run.code, run.stderr.includes('expected 0 to 100')], [2, true], share);
    }
    assert.equal((await deploy(['ramp', '-1', build_id])).code, 2);
  });

  it('sees another deployment that gets the lists', async () => {
    const run = await deploy(['status'], { TEMPORAL_DEPLOYMENT_NAME: `other-${name}` });
    assert.equal((run.json()[0] as DeploymentReport).other_deployment, name);
    const doctor = await bridgeHere(['doctor'], { ...environment.env, TEMPORAL_DEPLOYMENT_NAME: `other-${name}` });
    assert.match(doctor.stdout, /FAIL +worker version +the deployment deploy-.* gets the new lists; run "bridge/);
  });

  it('sends lists to workers without a version, to end versioning', async () => {
    const { build_id } = await version('two');
    const { config, workerEndpoints: endpoints } = environment;
    const plain = { ...config, TEMPORAL_DEPLOYMENT_NAME: undefined };
    workers.push(await startWorker({ config: plain, endpoints, logger: createLogger('silent') }));
    await until(30_000, async () => assert.ok((await status()).unversioned_last_poll));
    assert.deepEqual(await deployed(['current', '--unversioned']), {
      deployment: name,
      current: null,
      previous: build_id,
    });
    assert.equal(await executedOn(), undefined);
  });
});
