import { Command, InvalidArgumentError } from 'commander';
import { Client } from '@temporalio/client';
import { dataConverterOf } from '../../../payloads/data-converter.js';
import { workflowBundle } from '../../../temporal/bundle.js';
import { withConnection } from '../../../temporal/connect.js';
import { isPolled, noWorkerPolls } from '../../../temporal/polls.js';
import {
  describeDeployment,
  type DeploymentReport,
  setCurrent,
  setRamp,
  type VersionReport,
} from '../../../temporal/versioning/deployments.js';
import { workerVersion } from '../../../temporal/versioning/worker-version.js';
import { type Context, contextOf, endpointsOf } from '../../context.js';
import { UsageError } from '../../errors.js';
import { showDeployment } from './view.js';

const BUILD = 'the build id of "bridge deploy status"; default: the version of this installed package';

export const deployCommand = (): Command =>
  new Command('deploy')
    .description('the versions of the workers: which of them gets new lists, and which may be ended')
    .addCommand(
      new Command('status')
        .description('show the versions, their shares, and the lists that are open on each')
        .action(async (_options: object, command: Command) => {
          await withDeployment(command, async ({ out, name, describe }) => {
            const report = await describe();
            out.record(report);
            showDeployment(out, report, name);
          });
        }),
    )
    .addCommand(
      new Command('current')
        .description(
          'send all new lists to a version; pinned ones stay on theirs. It ends a ramp, and is also the way back',
        )
        .argument('[build]', BUILD)
        .option('--unversioned', 'send them to workers without a version, to end versioning')
        .action(async (given: string | undefined, { unversioned }: { unversioned?: boolean }, command: Command) => {
          if (unversioned === true && given !== undefined)
            throw new UsageError('--unversioned: expected no build id beside it');
          await withDeployment(command, async ({ out, name, describe, buildOf, client }) => {
            const before = await describe();
            const build_id = unversioned === true ? null : await buildOf(given);
            if (build_id === null) unversionedPoll(before);
            else polledVersion(before, build_id);
            // The server goes on with a ramp onto another version.
            const ramps = before.ramping !== null || before.ramping_percent > 0;
            if (ramps && before.ramping !== build_id) await setRamp(client, name, null, 0);
            await setCurrent(client, name, build_id);
            out.record({ deployment: name, current: build_id, previous: before.current });
            out.line(`new lists go to ${build_id === null ? 'workers without a version' : `version ${build_id}`}`);
          });
        }),
    )
    .addCommand(
      new Command('ramp')
        .description('send a share of the new lists to a version that is not current; 0 ends that')
        .argument('<percent>', '0 to 100', percent)
        .argument('[build]', BUILD)
        .action(async (share: number, given: string | undefined, _options: object, command: Command) => {
          await withDeployment(command, async ({ out, name, describe, buildOf, client }) => {
            if (share === 0 && given !== undefined) throw new UsageError('0: expected no build id beside it');
            const build_id = share === 0 ? null : await buildOf(given);
            if (build_id !== null) {
              const { status } = polledVersion(await describe(), build_id);
              if (status === 'current') throw new UsageError(`${build_id} is current: it gets all new lists already`);
            }
            await setRamp(client, name, build_id, share);
            out.record({ deployment: name, ramping: build_id, percent: share });
            out.line(build_id === null ? 'the ramp has ended' : `${share} % of new lists go to version ${build_id}`);
          });
        }),
    );

interface Deployment extends Context {
  readonly name: string;
  readonly client: Client;
  readonly describe: () => Promise<DeploymentReport>;
  /** Returns the build id that is given, or that of this package's workers. */
  readonly buildOf: (given: string | undefined) => Promise<string>;
}

/** @throws UsageError while versioning is off. */
async function withDeployment(command: Command, work: (deployment: Deployment) => Promise<void>): Promise<void> {
  const context = contextOf(command);
  const { config, logger } = context;
  const { TEMPORAL_DEPLOYMENT_NAME: name, TEMPORAL_TASK_QUEUE: taskQueue } = config;
  if (name === undefined) {
    throw new UsageError('TEMPORAL_DEPLOYMENT_NAME: expected the name of the deployment, got none; versioning is off');
  }
  const { temporal } = await endpointsOf(config, 'temporal');
  await withConnection(temporal, (connection) => {
    const client = new Client({ connection, namespace: temporal.namespace });
    return work({
      ...context,
      name,
      client,
      describe: () => describeDeployment(client, name, taskQueue),
      async buildOf(given) {
        if (given === '') throw new UsageError('build: expected a build id of "bridge deploy status", got ""');
        if (given !== undefined) return given;
        const bundle = await workflowBundle(logger, dataConverterOf(config).failureConverterPath, true);
        return (await workerVersion(name, config.DEPLOYMENT_ID, bundle)).buildId;
      },
    });
  });
}

/** Returns a version that can take lists. @throws UsageError for one that is unknown, or whose workers do not poll. */
function polledVersion({ deployment, versions }: DeploymentReport, buildId: string): VersionReport {
  const version = versions.find(({ build_id }) => build_id === buildId);
  if (version === undefined) {
    const known = versions.map(({ build_id }) => build_id).join(', ');
    throw new UsageError(
      `${buildId}: expected a version of ${deployment}, whose workers have polled (${known === '' ? 'there is no version yet' : known})`,
    );
  }
  assertPolled(version.last_poll, buildId, 'for this version');
  return version;
}

/** @throws UsageError when no worker without a version polls. */
const unversionedPoll = ({ unversioned_last_poll }: DeploymentReport): void =>
  assertPolled(unversioned_last_poll, '--unversioned', 'for lists without a version');

function assertPolled(at: string | null, named: string, forWhich: string): void {
  const lastPoll = at === null ? null : Date.parse(at);
  if (!isPolled(lastPoll)) throw new UsageError(`${named}: ${noWorkerPolls(forWhich, lastPoll)}; start workers first`);
}

/** Reads a share as people write it. `Number` alone reads 1e1 and 0x10 too. */
function percent(value: string): number {
  const share = /^\d{1,3}(\.\d+)?$/.test(value) ? Number(value) : NaN;
  if (!(share <= 100)) throw new InvalidArgumentError('expected 0 to 100');
  return share;
}
