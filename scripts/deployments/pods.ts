/** This module makes the resources that run `bridge`: two Deployments and the setup Job. */
import { supervisorMs } from '../../src/domain/time-outs.js';
import { loadConfig, timeSettings } from '../../src/config.js';
import { SECRETS_FOLDER, type Values } from './values.js';

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export const APP = 'bridge-store-effect';
export const CONFIG = 'bridge-config';
export const SECRET = 'bridge-secrets';

const config = loadConfig({});
/** The port of the three paths, as the image has it. */
export const PORT = config.PORT;
const GRACE_SECONDS = Math.ceil(supervisorMs(timeSettings(config)) / 1_000);

export type Component = 'worker' | 'intake';

export const labelsOf = (component: string): Record<string, string> => ({
  'app.kubernetes.io/name': APP,
  'app.kubernetes.io/component': component,
});

export const metadata = (name: string, component: string): Resource['metadata'] => ({
  name,
  labels: { ...labelsOf(component), 'app.kubernetes.io/part-of': APP },
});

/** A kubelet waits longer than the process does, whose answer waits up to 3 s for a dependency. */
const probe = (path: string, periodSeconds: number, failureThreshold: number) => ({
  httpGet: { path, port: 'http' },
  periodSeconds,
  timeoutSeconds: 5,
  failureThreshold,
});

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

const pod = {
  serviceAccountName: 'bridge',
  automountServiceAccountToken: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 10_001,
    runAsGroup: 10_001,
    fsGroup: 10_001,
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

const volumes = (files: readonly string[]) => [
  {
    name: 'secrets',
    secret: { secretName: SECRET, defaultMode: 0o440, items: files.map((key) => ({ key, path: key })) },
  },
  { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
];

const container = (values: Values, name: string, args: readonly string[]) => ({
  name,
  image: values.at('image.name'),
  imagePullPolicy: values.at('image.pullPolicy'),
  args,
  envFrom: [{ configMapRef: { name: CONFIG } }],
  securityContext: RESTRICTED,
  volumeMounts: [
    { name: 'secrets', mountPath: SECRETS_FOLDER, readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
  ],
});

/** Pods of a component are spread over nodes and zones, as far as there are any. */
const spread = (component: string) =>
  ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labelsOf(component) },
  }));

/** A Deployment has no `replicas`, because KEDA owns the number, and an apply would set it back. */
export const deployment = (values: Values, component: Component, args: readonly string[]): Resource => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata(`bridge-${component}`, component),
  spec: {
    revisionHistoryLimit: 5,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    selector: { matchLabels: labelsOf(component) },
    template: {
      metadata: { labels: { ...labelsOf(component), 'app.kubernetes.io/part-of': APP } },
      spec: {
        ...pod,
        terminationGracePeriodSeconds: GRACE_SECONDS,
        topologySpreadConstraints: spread(component),
        containers: [
          {
            ...container(values, component, args),
            env: [{ name: 'SERVICE_INSTANCE', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            ports: [{ name: 'http', containerPort: PORT }],
            resources: values.at(`${component}.resources`),
            // The start waits for Temporal, and for nothing else.
            startupProbe: probe('/ready', 2, 60),
            readinessProbe: probe('/ready', 10, 3),
            livenessProbe: probe('/health', 10, 6),
          },
        ],
        volumes: volumes(['database-url']),
      },
    },
  },
});

export const setupJob = (values: Values): Resource => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: metadata('bridge-setup', 'setup'),
  spec: {
    backoffLimit: 6,
    activeDeadlineSeconds: 900,
    ttlSecondsAfterFinished: 86_400,
    template: {
      metadata: { labels: { ...labelsOf('setup'), 'app.kubernetes.io/part-of': APP } },
      spec: {
        ...pod,
        restartPolicy: 'OnFailure',
        containers: [
          {
            ...container(values, 'setup', ['setup']),
            env: [{ name: 'MIGRATION_DATABASE_URL_FILE', value: `${SECRETS_FOLDER}/migration-database-url` }],
            resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
          },
        ],
        volumes: volumes(['database-url', 'migration-database-url']),
      },
    },
  },
});
