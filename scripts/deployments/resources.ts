/** This module makes all resources of a deployment on Kubernetes, in the order in which they are applied. */
import { topicOf } from '../../src/domain/events/event-types.js';
import {
  APP,
  CONFIG,
  type Component,
  deployment,
  labelsOf,
  metadata,
  PORT,
  type Resource,
  SECRET,
  setupJob,
} from './pods.js';
import type { Values } from './values.js';

/** The topic without its prefix, which is a value. */
const EMITTED = topicOf('', 'INTENT_EMITTED');

const COMPONENTS: readonly Component[] = ['worker', 'intake'];

/** The resources by the names of their files. A file of the chart that has a condition is there only with its value. */
export interface ResourceFile {
  readonly name: string;
  /** The value that switches the file off in the chart. */
  readonly condition?: string;
  readonly resources: readonly Resource[];
}

export const resourceFiles = (values: Values): readonly ResourceFile[] => [
  {
    name: 'service-account',
    resources: [
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: metadata('bridge', 'worker'),
        automountServiceAccountToken: false,
      },
    ],
  },
  {
    name: 'config',
    resources: [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(CONFIG, 'config'), data: values.at('config') },
    ],
  },
  {
    name: 'secrets',
    condition: 'createSecret',
    resources: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: metadata(SECRET, 'config'),
        type: 'Opaque',
        stringData: values.at('secrets'),
      },
    ],
  },
  { name: 'setup', resources: [setupJob(values)] },
  { name: 'worker', resources: [deployment(values, 'worker', ['worker'])] },
  { name: 'intake', resources: [deployment(values, 'intake', ['worker', '--intake'])] },
  {
    name: 'service',
    resources: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: metadata('bridge-metrics', 'metrics'),
        spec: {
          clusterIP: 'None',
          selector: { 'app.kubernetes.io/name': APP },
          ports: [{ name: 'http', port: PORT, targetPort: 'http' }],
        },
      },
    ],
  },
  { name: 'disruption-budgets', resources: COMPONENTS.map(disruptionBudget) },
  { name: 'network-policy', condition: 'networkPolicy', resources: [networkPolicy()] },
  { name: 'service-monitor', condition: 'serviceMonitor', resources: [serviceMonitor()] },
  { name: 'scaling', condition: 'keda', resources: [scaledWorker(values), scaledIntake(values)] },
];

function disruptionBudget(component: Component): Resource {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(`bridge-${component}`, component),
    spec: { maxUnavailable: 1, selector: { matchLabels: labelsOf(component) } },
  };
}

const tcp = (...ports: readonly number[]) => ports.map((port) => ({ protocol: 'TCP', port }));

/** Pods are asked on their one port, and call name servers, Temporal, PostgreSQL and Kafka. */
function networkPolicy(): Resource {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata('bridge', 'network'),
    spec: {
      podSelector: { matchLabels: { 'app.kubernetes.io/name': APP } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: tcp(PORT) }],
      egress: [
        { ports: [{ protocol: 'UDP', port: 53 }, ...tcp(53)] },
        { ports: tcp(7233) },
        { ports: tcp(5432) },
        { ports: tcp(9092, 9093) },
      ],
    },
  };
}

function serviceMonitor(): Resource {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: metadata('bridge', 'metrics'),
    spec: {
      selector: { matchLabels: labelsOf('metrics') },
      endpoints: [{ port: 'http', path: '/metrics', interval: '30s' }],
    },
  };
}

/** A scaled Deployment shrinks slowly, because a pod that ends hands its cached executions to others. */
const scaled = (values: Values, component: Component, triggers: readonly object[]): Resource => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: metadata(`bridge-${component}`, component),
  spec: {
    scaleTargetRef: { name: `bridge-${component}` },
    minReplicaCount: values.at(`${component}.minReplicas`),
    maxReplicaCount: values.at(`${component}.maxReplicas`),
    pollingInterval: 15,
    // The number for the time in which the server does not say how much waits.
    fallback: { failureThreshold: 4, replicas: values.at(`${component}.minReplicas`) },
    advanced: {
      horizontalPodAutoscalerConfig: {
        behavior: {
          scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
        },
      },
    },
    triggers,
  },
});

function scaledWorker(values: Values): Resource {
  return scaled(values, 'worker', [
    {
      type: 'temporal',
      metadata: {
        endpoint: values.at('config.TEMPORAL_ADDRESS'),
        namespace: values.at('config.TEMPORAL_NAMESPACE'),
        taskQueue: values.at('config.TEMPORAL_TASK_QUEUE'),
        queueTypes: 'workflow,activity',
        targetQueueSize: values.at('worker.backlog'),
      },
    },
  ]);
}

function scaledIntake(values: Values): Resource {
  return scaled(values, 'intake', [
    {
      type: 'kafka',
      metadata: {
        bootstrapServers: values.at('config.KAFKA_BOOTSTRAP_SERVERS'),
        consumerGroup: values.at('config.KAFKA_GROUP_ID'),
        topic: values.within('', 'config.KAFKA_TOPIC_PREFIX', EMITTED),
        lagThreshold: values.at('intake.lag'),
        offsetResetPolicy: 'earliest',
      },
    },
  ]);
}
