/**
 * Restate has a server of its own, which keeps the journal of each invocation and calls the service over HTTP/2.
 * Callers reach the server by its ingress.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as clients from '@restatedev/restate-sdk-clients';

/** Milliseconds until the server has to be up. */
const START_MS = 30_000;

export async function open(env) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-restate-'));
  const [ingress, admin, node] = await Promise.all([freePort(), freePort(), freePort()]);
  const binary = fileURLToPath(
    import.meta.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`),
  );
  const options = ['--base-dir', folder, '--bind-ip', '127.0.0.1', '--listen-mode', 'tcp', '--bind-port', String(node)];
  const server = spawn(binary, [...options, '--node-name', 'bench'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      RESTATE_DISABLE_TELEMETRY: 'true',
      // The server asks for newer versions of its page, and says that it cannot.
      RESTATE_LOG_FILTER: 'error,octocrab=off',
    },
  });
  // A peer that fails leaves no server behind.
  process.on('exit', () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const service = fork(fileURLToPath(new URL('restate-service.mjs', import.meta.url)), [], {
    // The SDK says every invocation otherwise.
    env: { ...env, RESTATE_LOGGING: 'ERROR' },
  });
  const [{ port }] = await once(service, 'message');
  await register(admin, port);
  const lists = clients.connect({ url: `http://127.0.0.1:${ingress}` }).serviceClient({ name: 'lists' });
  const by = (idempotencyKey) => clients.Opts.from({ idempotencyKey });
  return {
    run: (requestId, intents) => lists.execute(intents, by(requestId)),
    app: [service.pid],
    engine: [server.pid],
    async close() {
      service.disconnect();
      server.kill();
      await once(server, 'exit');
    },
  };
}

/** Makes the service known to the server, as soon as it is up. */
async function register(admin, port) {
  for (const until = Date.now() + START_MS; ; await sleep(200)) {
    try {
      const response = await globalThis.fetch(`http://127.0.0.1:${admin}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
      });
      if (response.ok) return;
      throw new Error(`restate: the service was refused: ${await response.text()}`);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
