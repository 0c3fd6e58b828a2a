/**
 * Toxiproxy makes faults on the wire between the worker and a server. It is built from source into the stack's cache.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { type ICreateToxicBody, type Proxy, Toxiproxy } from 'toxiproxy-node-client';
import { makeOnce } from '../../../src/stack/cache.js';
import { runCommand } from '../../../src/stack/process/run.js';
import { until } from '../../../src/flow-control/until.js';
import { freePort } from '../../support/free-port.js';

/** The newest release. A later `go install` of the same tag is the same program. */
const VERSION = '2.12.0';
const LOOPBACK = '127.0.0.1';

export interface ToxicProxy {
  /** Port number that the worker is sent to. */
  readonly port: number;
  /** @returns how to remove this one fault. */
  add(toxic: Toxic): Promise<() => Promise<void>>;
  /**
   * Removes every fault. That closes the connections that a `timeout` toxic has stopped, so none goes on as if nothing
   * was.
   */
  heal(): Promise<void>;
}

export type Toxic = Pick<ICreateToxicBody<object>, 'type' | 'stream' | 'attributes'>;

export interface ProxyServer {
  /** @param upstream host:port. */
  proxy(upstream: string, port?: number): Promise<ToxicProxy>;
  stop(): void;
}

/** @returns the binary. */
async function fetchToxiproxy(cacheDir: string): Promise<string> {
  const folder = await makeOnce(join(cacheDir, `toxiproxy-${VERSION}-${platform()}-${arch()}`), async (directory) => {
    const source = `github.com/Shopify/toxiproxy/v2/cmd/server@v${VERSION}`;
    const { code, output } = await runCommand('go', ['install', source], { env: { GOBIN: directory } });
    if (code !== 0) throw new Error(`go install of Toxiproxy failed:\n${output}`);
  });
  return join(folder, 'server');
}

export async function startToxiproxy(cacheDir: string): Promise<ProxyServer> {
  const binary = await fetchToxiproxy(cacheDir);
  const port = await freePort();
  const server: ChildProcess = spawn(binary, ['-host', LOOPBACK, '-port', String(port)], { stdio: 'ignore' });
  const client = new Toxiproxy(`http://${LOOPBACK}:${port}`);
  await until(20_000, () => client.getVersion());
  return {
    async proxy(upstream, given) {
      const listen = given ?? (await freePort());
      const name = `${upstream} by ${listen}`;
      const proxy: Proxy = await client.createProxy({ name, listen: `${LOOPBACK}:${listen}`, upstream, enabled: true });
      const added = new Map<string, { remove(): Promise<void> }>();
      let count = 0;
      const remove = async (toxic: string): Promise<void> => {
        const found = added.get(toxic);
        added.delete(toxic);
        await found?.remove();
      };
      return {
        port: listen,
        async add(toxic) {
          const label = `${toxic.type}-${toxic.stream}-${(count += 1)}`;
          const body = { ...toxic, name: label, toxicity: 1 };
          added.set(label, await proxy.addToxic(body));
          return () => remove(label);
        },
        async heal() {
          for (const toxic of [...added.keys()]) await remove(toxic);
        },
      };
    },
    stop: () => server.kill('SIGKILL'),
  };
}
