/**
 * This module reads manifests, and says what is wrong with them: by the schemas of their kinds, and by our code.
 * `schemas/kinds.json` has the strict schemas without their texts; its `from` names the versions.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';
import { loadConfig, SETTING_GROUPS } from '../../src/config.js';
import { topicOf } from '../../src/domain/events/event-types.js';
import { supervisorMs } from '../../src/domain/time-outs.js';

/** The paths that `src/worker/http.ts` serves; `files.test.ts` asks it for each. */
export const SERVED = ['/health', '/ready', '/metrics'];

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number };
  readonly timeoutSeconds?: number;
}
interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}
interface Pod {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly secret?: { readonly secretName: string; readonly items: readonly { readonly key: string; readonly path: string }[] };
  }[];
}
type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels: Labels;
}
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    readonly selector: Selector & Labels;
    readonly podSelector: Selector;
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
    readonly endpoints: readonly { readonly port: string; readonly path: string }[];
    readonly ingress: readonly { readonly ports: readonly { readonly port: number }[] }[];
    readonly scaleTargetRef: { readonly name: string };
    readonly triggers: readonly { readonly type: string; readonly metadata: Readonly<Record<string, string>> }[];
    readonly maxReplicaCount: number;
  };
}

export const readManifests = (text: string): Manifest[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

const vendored = JSON.parse(
  readFileSync(new URL('schemas/kinds.json', import.meta.url), 'utf8'),
) as { readonly kinds: Readonly<Record<string, object>>; readonly definitions: object };
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
const validators = new Map(
  Object.entries(vendored.kinds).map(([kind, schema]) => [
    kind,
    ajv.compile({ ...schema, definitions: vendored.definitions }),
  ]),
);

/** Returns what the schemas of Kubernetes and of the operators refuse. */
export const schemaProblems = (manifests: readonly Manifest[]): string[] =>
  manifests.flatMap((manifest) => {
    const validate = validators.get(manifest.kind);
    if (validate === undefined) return [`${nameOf(manifest)}: no schema of this kind is here`];
    return validate(manifest) ? [] : [`${nameOf(manifest)}: ${ajv.errorsText(validate.errors)}`];
  });

const nameOf = ({ kind, metadata }: Manifest): string => `${kind}/${metadata.name}`;

const ofKind = (manifests: readonly Manifest[], kind: string): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

const variables = new Set(Object.values(SETTING_GROUPS).flatMap((group) => Object.keys(group)));

/** Returns what no schema knows: names and paths that the code does not have, and references that lead nowhere. */
export function ourProblems(manifests: readonly Manifest[]): string[] {
  const config = ofKind(manifests, 'ConfigMap')[0]?.data ?? {};
  const pods = [...ofKind(manifests, 'Deployment'), ...ofKind(manifests, 'Job')];
  return [
    ...configProblems(config),
    ...pods.flatMap((one) => podProblems(one, config, manifests)),
    ...selectorProblems(manifests, pods),
    ...ofKind(manifests, 'ScaledObject').flatMap((one) => scalingProblems(one, config, manifests)),
    ...networkProblems(manifests),
  ];
}

function configProblems(config: Readonly<Record<string, string>>): string[] {
  const unknown = Object.keys(config).flatMap((name) =>
    variables.has(name) ? [] : `ConfigMap: ${name} is not a setting`,
  );
  try {
    settingsOf(config);
    return unknown;
  } catch (error) {
    return [...unknown, `ConfigMap: ${String(error)}`];
  }
}

/** Reads the settings without the files, which a container alone has. */
const settingsOf = (config: Readonly<Record<string, string>>) =>
  loadConfig(Object.fromEntries(Object.entries(config).filter(([name]) => !name.endsWith('_FILE'))));

const COMMANDS = ['worker', 'worker --intake', 'setup'];

function podProblems(manifest: Manifest, config: Readonly<Record<string, string>>, manifests: readonly Manifest[]): string[] {
  const { spec: pod } = manifest.spec.template;
  const problems: string[] = [];
  for (const container of pod.containers) {
    const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
    problems.push(...Object.keys(env).flatMap((name) => (variables.has(name) ? [] : `${name} is not a setting`)));
    if (!COMMANDS.includes(container.args.join(' '))) problems.push(`bridge ${container.args.join(' ')} is no command`);
    for (const { configMapRef } of container.envFrom ?? []) {
      if (!ofKind(manifests, 'ConfigMap').some(({ metadata }) => metadata.name === configMapRef.name))
        problems.push(`there is no ConfigMap ${configMapRef.name}`);
    }
    problems.push(...fileProblems({ ...config, ...env }, container, pod, manifests), ...probeProblems(container, Number(config['PORT'] ?? loadConfig({}).PORT)));
  }
  const shutdownMs = Number(config['SHUTDOWN_GRACE_SECONDS'] ?? 30) * 1_000;
  const grace = supervisorMs({ shutdownMs }) / 1_000;
  if (manifest.kind === 'Deployment' && (pod.terminationGracePeriodSeconds ?? 30) < grace)
    problems.push(`terminationGracePeriodSeconds: expected at least ${grace}`);
  return problems.map((problem) => `${nameOf(manifest)}: ${problem}`);
}

function fileProblems(
  env: Readonly<Record<string, string | undefined>>,
  { volumeMounts = [] }: Container,
  { volumes = [] }: Pod,
  manifests: readonly Manifest[],
): string[] {
  const files = volumeMounts.flatMap(({ name, mountPath }) =>
    (volumes.find((volume) => volume.name === name)?.secret?.items ?? []).map(({ path }) => `${mountPath}/${path}`),
  );
  const missing = Object.entries(env).flatMap(([name, value]) =>
    name.endsWith('_FILE') && !files.includes(value ?? '') ? `${name}: ${value ?? ''} is not mounted` : [],
  );
  const secrets = ofKind(manifests, 'Secret');
  const keys = volumes.flatMap(({ secret }) => {
    const stored = secrets.find(({ metadata }) => metadata.name === secret?.secretName)?.stringData;
    if (secret === undefined || stored === undefined) return [];
    return secret.items.flatMap(({ key }) => (key in stored ? [] : `the Secret has no key ${key}`));
  });
  return [...missing, ...keys];
}

function probeProblems({ startupProbe, readinessProbe, livenessProbe, ports = [] }: Container, port: number): string[] {
  const open = ports.map(({ containerPort }) => containerPort);
  const wrongPort = open.filter((one) => one !== port).map((one) => `port ${one}, and the process listens on ${port}`);
  const probes = [startupProbe, readinessProbe, livenessProbe].filter((one) => one !== undefined);
  return [
    ...wrongPort,
    ...probes.flatMap(({ httpGet, timeoutSeconds = 1 }) => [
      ...(SERVED.includes(httpGet.path) ? [] : [`${httpGet.path} is not served`]),
      ...(ports.some(({ name, containerPort }) => [name, containerPort].includes(httpGet.port)) ? [] : [`no port ${httpGet.port}`]),
      ...(timeoutSeconds > 3 ? [] : [`${httpGet.path}: an answer may take 3 s`]),
    ]),
  ];
}

const matches = (labels: Labels = {}, selector: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

function selectorProblems(manifests: readonly Manifest[], pods: readonly Manifest[]): string[] {
  const isPod = (selector: Labels) => pods.some(({ spec }) => matches(spec.template.metadata.labels, selector));
  const services = ofKind(manifests, 'Service');
  const selected = [
    ...ofKind(manifests, 'Deployment').map((one) => [one, matches(one.spec.template.metadata.labels, one.spec.selector.matchLabels)] as const),
    ...services.map((one) => [one, isPod(one.spec.selector)] as const),
    ...ofKind(manifests, 'PodDisruptionBudget').map((one) => [one, isPod(one.spec.selector.matchLabels)] as const),
    ...ofKind(manifests, 'NetworkPolicy').map((one) => [one, isPod(one.spec.podSelector.matchLabels)] as const),
    ...ofKind(manifests, 'ServiceMonitor').map(
      (one) =>
        [
          one,
          one.spec.endpoints.every(
            ({ port, path }) =>
              SERVED.includes(path) &&
              services.some(
                ({ metadata, spec }) =>
                  matches(metadata.labels, one.spec.selector.matchLabels) && spec.ports.some(({ name }) => name === port),
              ),
          ),
        ] as const,
    ),
  ];
  return selected.flatMap(([one, found]) => (found ? [] : `${nameOf(one)}: it selects nothing that is served`));
}

function scalingProblems(
  manifest: Manifest,
  config: Readonly<Record<string, string>>,
  manifests: readonly Manifest[],
): string[] {
  const { scaleTargetRef, triggers, maxReplicaCount } = manifest.spec;
  const expected: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
    temporal: {
      endpoint: config['TEMPORAL_ADDRESS'],
      namespace: config['TEMPORAL_NAMESPACE'],
      taskQueue: config['TEMPORAL_TASK_QUEUE'],
    },
    kafka: {
      bootstrapServers: config['KAFKA_BOOTSTRAP_SERVERS'],
      consumerGroup: config['KAFKA_GROUP_ID'],
      topic: topicOf(config['KAFKA_TOPIC_PREFIX'] ?? '', 'INTENT_EMITTED'),
    },
  };
  const problems = triggers.flatMap(({ type, metadata }) =>
    Object.entries(expected[type] ?? { [type]: 'a trigger of ours' }).flatMap(([name, value]) =>
      metadata[name] === value ? [] : `${name}: expected ${String(value)}, got ${String(metadata[name])}`,
    ),
  );
  if (!ofKind(manifests, 'Deployment').some(({ metadata }) => metadata.name === scaleTargetRef.name))
    problems.push(`there is no Deployment ${scaleTargetRef.name}`);
  if (triggers.some(({ type }) => type === 'kafka') && maxReplicaCount > Number(config['KAFKA_TOPIC_PARTITIONS']))
    problems.push('more replicas than partitions');
  return problems.map((problem) => `${nameOf(manifest)}: ${problem}`);
}

function networkProblems(manifests: readonly Manifest[]): string[] {
  const open = new Set(
    ofKind(manifests, 'Deployment').flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort)),
    ),
  );
  return [
    ...ofKind(manifests, 'NetworkPolicy').flatMap((one) =>
      one.spec.ingress.flatMap(({ ports }) =>
        ports.flatMap(({ port }) => (open.has(port) ? [] : `${nameOf(one)}: no pod listens on ${port}`)),
      ),
    ),
    ...ofKind(manifests, 'Service').flatMap((one) =>
      one.spec.ports.flatMap(({ port }) => (open.has(port) ? [] : `${nameOf(one)}: no pod listens on ${port}`)),
    ),
  ];
}
