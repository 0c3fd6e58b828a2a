/** This module is the part of `bridge setup` on the Temporal server. Every step is safe to repeat. */
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { until } from '../flow-control/until.js';
import { withConnection } from './connect.js';
import { GRPC, grpcCode } from './grpc.js';
import { isDenied, missingSearchAttributes } from './inspect.js';
import { ensureSchedules, type ScheduleSettings } from './schedules.js';
import { searchAttributeKeys } from '../domain/execution/search-attributes.js';
import type { TemporalEndpoint } from '../endpoints.js';

/** `temporal.api.enums.v1.IndexedValueType`. */
export const INDEXED = { KEYWORD: 2, INT: 3, KEYWORD_LIST: 7 } as const;

/** The types' names for the command lines. */
const TYPES = { KEYWORD: 'Keyword', INT: 'Int', KEYWORD_LIST: 'KeywordList' } as const satisfies Record<
  keyof typeof INDEXED,
  string
>;

/** Executions are kept this long after they ended; the ledger has to outlive it. */
const RETENTION_DAYS = 7;
/** Milliseconds of three refreshes of the server's namespace cache, one every 10 s by default. */
const PROPAGATION_MS = 30_000;

/** Administrator commands are all to be run: those for a server of one's own, or those for Temporal Cloud. */
export interface AdministratorCommands {
  readonly server: readonly string[];
  readonly cloud: readonly string[];
}

export interface TemporalSetupResult {
  readonly namespaceCreated: boolean;
  /** Names of the search attributes that were added. */
  readonly searchAttributes: readonly string[];
  /** Ids of the schedules that were created. */
  readonly schedules: readonly string[];
  /** The commands for an administrator, because the server does not let us; null when nothing is left to do. */
  readonly administrator: AdministratorCommands | null;
}

export const setupTemporal = (server: TemporalEndpoint, settings: ScheduleSettings): Promise<TemporalSetupResult> =>
  withConnection(server, async (connection) => {
    const { namespace } = server;
    const created = await ensureNamespace(connection, namespace);
    if (created === null) {
      const nothing = { namespaceCreated: false, searchAttributes: [], schedules: [] };
      return { ...nothing, administrator: namespaceCommands(namespace) };
    }
    const missing = await until(PROPAGATION_MS, () => missingSearchAttributes(connection, namespace));
    const added = await leftToAdministrator(async () => {
      await addSearchAttributes(connection, namespace, missing);
      return missing;
    });
    return {
      namespaceCreated: created,
      searchAttributes: added ?? [],
      schedules: await ensureSchedules(connection, namespace, settings),
      administrator: added === null ? searchAttributeCommands(namespace, missing) : null,
    };
  });

/** Returns what `work` came to; null when the server does not permit it, as Temporal Cloud. */
async function leftToAdministrator<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (isDenied(error)) return null;
    throw error;
  }
}

const namespaceCommands = (namespace: string): AdministratorCommands => ({
  server: [`temporal operator namespace create --namespace ${namespace} --retention ${RETENTION_DAYS}d`],
  cloud: [`tcld namespace create --namespace ${namespace} --retention-days ${RETENTION_DAYS} --region REGION`],
});

function searchAttributeCommands(namespace: string, missing: readonly string[]): AdministratorCommands {
  const typed = searchAttributeKeys.filter(({ name }) => missing.includes(name));
  const ofCloud = typed.map(({ name, type }) => `--search-attribute "${name}=${TYPES[type]}"`);
  return {
    // The command takes several names, and adds the first only.
    server: typed.map(
      ({ name, type }) =>
        `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${TYPES[type]}`,
    ),
    cloud: [`tcld namespace search-attributes add --namespace ${namespace} ${ofCloud.join(' ')}`],
  };
}

/** Returns whether the namespace was created; null when that is left to an administrator. */
async function ensureNamespace(connection: Connection, namespace: string): Promise<boolean | null> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return false;
  } catch (error) {
    if (grpcCode(error) !== GRPC.NOT_FOUND) throw error;
  }
  return leftToAdministrator(async () => {
    await connection.workflowService
      .registerNamespace({
        namespace,
        description: 'bridge-store-effect',
        workflowExecutionRetentionPeriod: msToTs(`${RETENTION_DAYS} days`),
      })
      .catch((error: unknown) => {
        if (grpcCode(error) !== GRPC.ALREADY_EXISTS) throw error;
      });
    return true;
  });
}

async function addSearchAttributes(
  { operatorService, workflowService }: Connection,
  namespace: string,
  missing: readonly string[],
): Promise<void> {
  if (missing.length === 0) return;
  const added = searchAttributeKeys.filter(({ name }) => missing.includes(name));
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(added.map(({ name, type }) => [name, INDEXED[type]])),
  });
  // A start that names an attribute the frontend does not know yet is refused: wait until it is known.
  await until(PROPAGATION_MS, async () => {
    const query = missing.map((name) => `${name} IS NULL`).join(' AND ');
    await workflowService.countWorkflowExecutions({ namespace, query });
  });
}
