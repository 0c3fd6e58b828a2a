/** This module makes the files of `deployments/`: the Kustomize base, its rendered form, and the Helm chart. */
import { resourceFiles } from './resources.js';
import type { Resource } from './pods.js';
import { expressions, template, VALUES, written, yamlOf } from './values.js';

const BASE = 'deployments/base';
const CHART = 'deployments/helm/bridge-store-effect';
const HEAD = '# Made by `npm run docs`; the source is scripts/deployments.\n';

/** The file that one command applies: the base as Kustomize renders it. */
export const RENDERED = 'deployments/bridge-store-effect.yaml';

/** Folders that hold generated files alone. */
export const GENERATED = [BASE, `${CHART}/templates`];

/** Hooks run in the order of their weights, so that the setup Job has its account, config and secrets. */
const HOOKS: Readonly<Record<string, string>> = { ServiceAccount: '-5', ConfigMap: '-5', Secret: '-5', Job: '0' };

export function deploymentFiles(version: string): Readonly<Record<string, string>> {
  const base = resourceFiles(written);
  const all = base.flatMap(({ resources }) => resources);
  return {
    [RENDERED]: HEAD + documents(all),
    ...Object.fromEntries(base.map(({ name, resources }) => [`${BASE}/${name}.yaml`, HEAD + documents(resources)])),
    [`${BASE}/kustomization.yaml`]:
      HEAD +
      yamlOf({
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        resources: base.map(({ name }) => `${name}.yaml`),
      }),
    [`${CHART}/Chart.yaml`]:
      HEAD +
      yamlOf({
        apiVersion: 'v2',
        name: 'bridge-store-effect',
        description: 'Executes lists of intents on PostgreSQL and Kafka, durably.',
        type: 'application',
        version,
        appVersion: version,
        kubeVersion: '>=1.30.0-0',
      }),
    [`${CHART}/values.yaml`]: HEAD + yamlOf(VALUES),
    ...Object.fromEntries(
      resourceFiles(expressions).map(({ name, condition, resources }) => [
        `${CHART}/templates/${name}.yaml`,
        HEAD + conditional(condition, withReplicas(name, template(documents(resources.map(hooked))))),
      ]),
    ),
  };
}

const documents = (resources: readonly Resource[]): string => resources.map(yamlOf).join('---\n');

/** Where no KEDA owns the number of replicas, the chart's value does. */
const withReplicas = (name: string, text: string): string =>
  text.replace(
    '  revisionHistoryLimit:',
    `  {{- if not .Values.keda }}\n  replicas: {{ .Values.${name}.minReplicas }}\n  {{- end }}\n$&`,
  );

const conditional = (condition: string | undefined, text: string): string =>
  condition === undefined ? text : `{{- if .Values.${condition} }}\n${text}{{- end }}\n`;

function hooked(resource: Resource): Resource {
  const weight = HOOKS[resource.kind];
  if (weight === undefined) return resource;
  const annotations = {
    'helm.sh/hook': 'pre-install,pre-upgrade',
    'helm.sh/hook-weight': weight,
    'helm.sh/hook-delete-policy': 'before-hook-creation',
  };
  return { ...resource, metadata: { ...resource.metadata, annotations } };
}
