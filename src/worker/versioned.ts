/** This module finds the workflow bundle of a worker, and with versioning the version that goes by its code. */
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { workflowBundle } from '../temporal/bundle.js';
import { type Asked, routingOf, takesAll } from '../temporal/versioning/routing.js';
import { type WorkerVersion, workerVersion } from '../temporal/versioning/worker-version.js';

export interface WorkflowCode {
  readonly codePath: string;
  /** The version of the worker; undefined while versioning is off. */
  readonly version: WorkerVersion | undefined;
}

export async function workflowCode(
  { TEMPORAL_DEPLOYMENT_NAME: name, DEPLOYMENT_ID }: Config,
  logger: Logger,
  converterPath: string | undefined,
): Promise<WorkflowCode> {
  const codePath = await workflowBundle(logger, converterPath, name !== undefined);
  return { codePath, version: name === undefined ? undefined : await workerVersion(name, DEPLOYMENT_ID, codePath) };
}

/** Logs which version a worker is of, and whether new lists come to it. */
export async function logVersion(client: Asked, taskQueue: string, version: WorkerVersion, logger: Logger) {
  const fields = { deployment: version.deploymentName, build_id: version.buildId };
  // The worker needs no answer.
  const routing = await routingOf(client, taskQueue).catch(() => undefined);
  if (routing === undefined || takesAll(routing, version)) {
    logger.info(fields, 'this version of the workers is started');
    return;
  }
  const { current, ramping } = routing;
  logger.warn(
    { ...fields, current: current?.buildId ?? null, ramping: ramping?.buildId ?? null },
    'this version of the workers does not get all new lists: "bridge deploy current" sends them here',
  );
}
