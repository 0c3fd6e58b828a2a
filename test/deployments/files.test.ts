/** These tests check the manifests without a cluster: by the schemas of their kinds, and by what the code serves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { deploymentFiles, GENERATED, RENDERED } from '../../scripts/deployments/files.js';
import { COMMAND } from '../../scripts/docs/pages.js';
import { serveHttp } from '../../src/worker/http.js';
import { type Manifest, ourProblems, readManifests, schemaProblems, SERVED } from './manifests.js';

const CHART = 'deployments/helm/bridge-store-effect';
const OVERLAYS = ['deployments/overlays/staging', 'deployments/overlays/production'];

const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };

const rendered = async (): Promise<Manifest[]> => readManifests(await readFile(RENDERED, 'utf8'));

/** Renders a folder by Kustomize; null where kubectl is not installed. */
function kustomized(folder: string): Manifest[] | null {
  const { error, status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  if (error !== undefined) return null;
  assert.equal(status, 0, stderr);
  return readManifests(stdout);
}

const byName = (manifests: readonly Manifest[]): Record<string, Manifest> =>
  Object.fromEntries(manifests.map((one) => [`${one.kind}/${one.metadata.name}`, one]));

/** Prints a template as Helm does, as far as ours need it: values as JSON, `printf` of three texts, conditions. */
function helmed(text: string, values: Readonly<Record<string, unknown>>): string {
  const at = (path: string): unknown =>
    path.split('.').reduce<unknown>((below, name) => (below as Record<string, unknown>)[name], values);
  const isOn = (not: string | undefined, path: string): boolean => Boolean(at(path)) === (not === undefined);
  return text
    .replace(/ *\{\{- if (not )?\.Values\.([\w.]+) \}\}\n([^]*?) *\{\{- end \}\}\n/g, (_, not, path, body) =>
      isOn(not as string | undefined, path as string) ? helmed(body as string, values) : '',
    )
    .replace(/\{\{ printf "%s%s%s" "(.*?)" \.Values\.([\w.]+) "(.*?)" \| toJson \}\}/g, (_, before, path, after) =>
      JSON.stringify(`${String(before)}${String(at(path as string))}${String(after)}`),
    )
    .replace(/\{\{ \.Values\.([\w.]+)(?: \| toJson)? \}\}/g, (_, path) => JSON.stringify(at(path as string)));
}

async function chart(change: Readonly<Record<string, unknown>> = {}): Promise<Manifest[]> {
  const values = { ...(parse(await readFile(`${CHART}/values.yaml`, 'utf8')) as object), ...change };
  const names = await readdir(`${CHART}/templates`);
  const texts = await Promise.all(names.map((name) => readFile(`${CHART}/templates/${name}`, 'utf8')));
  return texts.flatMap((text) => {
    const made = helmed(text, values);
    assert.doesNotMatch(made, /\{\{|⟦/);
    return readManifests(made).filter((manifest) => (manifest as Manifest | null) !== null);
  });
}

const withoutHooks = (manifests: readonly Manifest[]): Manifest[] =>
  JSON.parse(JSON.stringify(manifests, (key, value: unknown) => (key === 'annotations' ? undefined : value))) as Manifest[];

describe('the manifests', () => {
  it('are what the code makes', async () => {
    const made = deploymentFiles(version);
    for (const [path, text] of Object.entries(made)) {
      const stored = await readFile(path, 'utf8').catch(() => '');
      assert.ok(stored === text, `${path} is stale: run \`${COMMAND}\``);
    }
    for (const folder of GENERATED)
      for (const name of await readdir(folder)) assert.ok(`${folder}/${name}` in made, `${folder}/${name}`);
  });

  it('are taken by the schemas of Kubernetes, KEDA and the Prometheus operator, and fit the code', async () => {
    const manifests = await rendered();
    assert.ok(manifests.length >= 13);
    assert.deepEqual([...schemaProblems(manifests), ...ourProblems(manifests)], []);
  });

  it('of the chart are those of the base, with the values of the chart', async () => {
    const manifests = await chart();
    assert.deepEqual(byName(withoutHooks(manifests)), byName(await rendered()));
    assert.deepEqual([...schemaProblems(manifests), ...ourProblems(manifests)], []);
  });

  it('of the chart do without the operators, and then have a number of replicas', async () => {
    const manifests = await chart({ keda: false, serviceMonitor: false, createSecret: false, networkPolicy: false });
    const kinds = new Set(manifests.map(({ kind }) => kind));
    for (const kind of ['ScaledObject', 'ServiceMonitor', 'Secret', 'NetworkPolicy']) assert.ok(!kinds.has(kind), kind);
    const { spec } = byName(manifests)['Deployment/bridge-worker'] as { spec: object };
    assert.equal((spec as { replicas?: number }).replicas, 2);
    assert.deepEqual([...schemaProblems(manifests), ...ourProblems(manifests)], []);
  });

  it('of the overlays and of the base are the same by Kustomize, where it is there, and fit the code', async () => {
    const base = kustomized('deployments/base');
    if (base !== null) assert.deepEqual(byName(base), byName(await rendered()));
    for (const overlay of OVERLAYS) {
      const manifests = kustomized(overlay) ?? [];
      assert.deepEqual([...schemaProblems(manifests), ...ourProblems(manifests)], [], overlay);
    }
  });

  it('name paths that the process serves', async () => {
    const http = await serveHttp(
      { PORT: 0 },
      {
        health: () => ({ ok: true, detail: '' }),
        ready: () => Promise.resolve({ process: {}, dependencies: {} }),
        metrics: () => Promise.resolve(''),
      },
    );
    try {
      for (const path of SERVED) assert.equal((await fetch(`http://127.0.0.1:${http.port}${path}`)).status, 200, path);
    } finally {
      await http.close();
    }
  });
});

describe('a check of manifests', () => {
  for (const [what, from, to, problem] of [
    ['a probe of another path', 'path: /ready', 'path: /readyz', /Deployment\/bridge-worker: \/readyz is not served/],
    ['a probe of another port', 'port: http', 'port: web', /no port web/],
    ['another port than the process has', 'containerPort: 8080', 'containerPort: 8081', /port 8081, and the process listens/],
    ['a variable that is no setting', 'KAFKA_TOPIC_PREFIX:', 'KAFKA_PREFIX:', /ConfigMap: KAFKA_PREFIX is not a setting/],
    ['a setting with a value that it cannot have', 'LOG_LEVEL: info', 'LOG_LEVEL: loud', /ConfigMap: [^]*LOG_LEVEL/],
    ['a file that is not mounted', 'bridge/database-url', 'bridge/database', /DATABASE_URL_FILE: .* is not mounted/],
    ['a key that the Secret has not', '  database-url: postgres', '  database: postgres', /the Secret has no key database-url/],
    ['a command that does not exist', '- setup\n', '- set-up\n', /bridge set-up is no command/],
    ['too short a grace period', 'terminationGracePeriodSeconds: 65', 'terminationGracePeriodSeconds: 30', /at least 65/],
    ['a probe that waits too short', 'timeoutSeconds: 5', 'timeoutSeconds: 1', /an answer may take 3 s/],
    ['a trigger of another task queue', 'taskQueue: bridge-store-effect', 'taskQueue: bridge', /taskQueue: expected bridge-store-effect/],
    ['a trigger of another group', 'consumerGroup: bridge', 'consumerGroup: br', /consumerGroup: expected/],
    ['more intakes than partitions', 'KAFKA_TOPIC_PARTITIONS: "12"', 'KAFKA_TOPIC_PARTITIONS: "3"', /more replicas than partitions/],
    ['a policy for another port', '- protocol: TCP\n          port: 8080', '- protocol: TCP\n          port: 8081', /NetworkPolicy\/bridge: no pod listens on 8081/],
    ['a monitor of another path', 'path: /metrics', 'path: /prometheus', /ServiceMonitor\/bridge: it selects nothing/],
    ['a config that is not there', 'configMapRef:\n                name: bridge-config', 'configMapRef:\n                name: config', /there is no ConfigMap config/],
  ] as const) {
    it(`finds ${what}`, async () => {
      const text = await readFile(RENDERED, 'utf8');
      assert.ok(text.includes(from), from);
      const problems = ourProblems(readManifests(text.replace(from, to)));
      assert.ok(problems.some((one) => problem.test(one)), problems.join('\n'));
    });
  }

  for (const [what, from, to] of [
    ['a misspelt field', 'readinessProbe:', 'readynessProbe:'],
    ['a number as a text', 'maxSurge: 1', 'maxSurge: {}'],
    ['a misspelt field of KEDA', 'minReplicaCount:', 'minReplicas:'],
    ['a misspelt field of the Prometheus operator', 'interval: 30s', 'every: 30s'],
  ] as const) {
    it(`finds ${what}, by the schemas`, async () => {
      const text = await readFile(RENDERED, 'utf8');
      assert.ok(text.includes(from), from);
      assert.equal(schemaProblems(readManifests(text.replace(from, to))).length, 1);
    });
  }
});
