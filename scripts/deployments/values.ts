/**
 * This module has the values of the manifests. The Kustomize base has them written out, and the Helm chart has them in
 * `values.yaml`.
 */
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';

/** The folder of the secrets' files in a container. */
export const SECRETS_FOLDER = '/run/secrets/bridge';

const PREFIX = 'omninode_bridge';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** The resources of a pod. An intake runs in a worker, so both use the same. */
const RESOURCES = {
  requests: { cpu: '500m', memory: '768Mi' },
  limits: { memory: '1536Mi' },
};

export const VALUES = {
  image: { name: `bridge-store-effect:${version}`, pullPolicy: 'IfNotPresent' },
  /** Variables of docs/settings.md. A secret is a file, which `secrets` has. */
  config: {
    TEMPORAL_ADDRESS: 'temporal-frontend.temporal.svc:7233',
    TEMPORAL_NAMESPACE: 'default',
    TEMPORAL_TASK_QUEUE: 'bridge-store-effect',
    KAFKA_BOOTSTRAP_SERVERS: 'kafka-bootstrap.kafka.svc:9092',
    KAFKA_TOPIC_PREFIX: PREFIX,
    KAFKA_TOPIC_PARTITIONS: '12',
    KAFKA_REPLICATION_FACTOR: '3',
    KAFKA_GROUP_ID: `bridge-store-effect-intake-${PREFIX}`,
    ENVIRONMENT: 'production',
    LOG_LEVEL: 'info',
    SHUTDOWN_GRACE_SECONDS: '30',
    DATABASE_URL_FILE: `${SECRETS_FOLDER}/database-url`,
  },
  /** The files of the Secret. Production has a Secret of its own under the same name. */
  secrets: {
    'database-url': 'postgres://bridge_worker:change-me@postgres.postgres.svc:5432/bridge',
    'migration-database-url': 'postgres://bridge_migrator:change-me@postgres.postgres.svc:5432/bridge',
  },
  /** Whether the chart makes the Secret. */
  createSecret: true,
  worker: {
    minReplicas: 2,
    maxReplicas: 10,
    /** Tasks that wait in the task queue for each worker. */
    backlog: '50',
    resources: RESOURCES,
  },
  intake: {
    minReplicas: 2,
    /** One for each partition: another would have nothing to read. */
    maxReplicas: 12,
    /** Messages that wait for each intake. */
    lag: '500',
    resources: RESOURCES,
  },
  keda: true,
  serviceMonitor: true,
  networkPolicy: true,
};

/** Values as resources use them: written out for the base, and as expressions for the chart. */
export interface Values {
  /** @param path names a value, such as `worker.minReplicas`. */
  at(path: string): unknown;
  /** Returns a text with a value in it. */
  within(before: string, path: string, after: string): string;
}

export const written: Values = {
  at: read,
  within: (before, path, after) => `${before}${String(read(path))}${after}`,
};

/** An expression stands between these marks until the YAML is printed, which would quote braces. */
const [OPEN, CLOSE] = ['⟦', '⟧'];

export const expressions: Values = {
  at: (path) => `${OPEN}${known(path)} | toJson${CLOSE}`,
  within: (before, path, after) => `${OPEN}printf "%s%s%s" "${before}" ${known(path)} "${after}" | toJson${CLOSE}`,
};

/** Returns the text of a template: marks become the braces of Helm, and JSON is YAML too. */
export const template = (yaml: string): string =>
  yaml.replaceAll(new RegExp(`["']?${OPEN}(.*?)${CLOSE}["']?`, 'g'), (_, inner: string) => `{{ ${inner.replaceAll('\\"', '"')} }}`);

const known = (path: string): string => {
  read(path);
  return `.Values.${path}`;
};

/** @throws Error for a path that leads nowhere. */
function read(path: string): unknown {
  const value = path
    .split('.')
    .reduce<unknown>((below, name) => (below as Readonly<Record<string, unknown>> | undefined)?.[name], VALUES);
  if (value === undefined) throw new Error(`there is no value ${path}`);
  return value;
}

/** Prints YAML without references and line breaks of its own. */
export const yamlOf = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
