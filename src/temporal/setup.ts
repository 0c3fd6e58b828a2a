/** This module is the part of `bridge setup` on the Temporal server. Every step is safe to repeat. */
import { type Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { until } from '../flow-control/until.js';
import { withConnection } from './connect.js';
import { missingSearchAttributes } from './inspect.js';
import { ensureSchedules, type ScheduleSettings } from './schedules.js';
import { searchAttributeKeys } from '../domain/execution/search-attributes.js';
import type { TemporalEndpoint } from '../endpoints.js';

/** `temporal.api.enums.v1.IndexedValueType`. */
export const INDEXED = { KEYWORD: 2, INT: 3, KEYWORD_LIST: 7 } as const;

/** gRPC status codes. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
/** Executions are kept this long after they ended; the ledger has to outlive it. */
const RETENTION = '7 days';
/** Milliseconds of three refreshes of the server's namespace cache, one every 10 s by default. */
const PROPAGATION_MS = 30_000;

export interface TemporalSetupResult {
  readonly namespaceCreated: boolean;
  /** Names of the search attributes that were added. */
  readonly searchAttributes: readonly string[];
  /** Ids of the schedules that were created. */
  readonly schedules: readonly string[];
}

export const setupTemporal = (server: TemporalEndpoint, settings: ScheduleSettings): Promise<TemporalSetupResult> =>
  withConnection(server, async (connection) => {
    const { namespace } = server;
    const namespaceCreated = await ensureNamespace(connection, namespace);
    const searchAttributes = await ensureSearchAttributes(connection, namespace);
    return { namespaceCreated, searchAttributes, schedules: await ensureSchedules(connection, namespace, settings) };
  });

async function ensureNamespace(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return false;
  } catch (error) {
    if (!hasCode(error, NOT_FOUND)) throw error;
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      description: 'bridge-store-effect',
      workflowExecutionRetentionPeriod: msToTs(RETENTION),
    });
  } catch (error) {
    if (!hasCode(error, ALREADY_EXISTS)) throw error;
  }
  return true;
}

async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const missing = await until(PROPAGATION_MS, () => missingSearchAttributes(connection, namespace));
  if (missing.length > 0) {
    const added = searchAttributeKeys.filter(({ name }) => missing.includes(name));
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(added.map(({ name, type }) => [name, INDEXED[type]])),
    });
    // A start that names an attribute the frontend does not know yet is refused: wait until it is known.
    await until(PROPAGATION_MS, async () => {
      const query = missing.map((name) => `${name} IS NULL`).join(' AND ');
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
    });
  }
  return missing;
}

const hasCode = (error: unknown, code: number): boolean => isGrpcServiceError(error) && (error.code as number) === code;
