/** This module installs the peers of `bench/peers` when they are missing, and runs one in a process of its own. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TimedLoad, TimedLoadOptions } from '../support/load.js';
import { next } from './child.js';

const folder = fileURLToPath(new URL('../peers', import.meta.url));

/** Installs the peers by their lock file, unless that is done. It takes 400 MB and half a minute. */
export function installPeers(note: (text: string) => void): void {
  const changed = (file: string): number => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (changed('node_modules/.package-lock.json') >= changed('package-lock.json')) return;
  note('installing the peers of bench/peers');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', process.stderr, process.stderr],
    shell: process.platform === 'win32',
    // A package of Restate reports its installs otherwise.
    env: { ...process.env, SCARF_ANALYTICS: 'false' },
  });
  if (status !== 0) throw new Error(`npm ci in bench/peers ended with code ${String(status)}`);
}

/** Returns a Node that Restate's SDK runs on: this one, or the one that comes with the peers. */
function nodeBinary(): string {
  const own = join(folder, 'node_modules/node/bin/node');
  return Number(process.versions.node.split('.')[0]) < 22 && existsSync(own) ? own : process.execPath;
}

export interface PeerProcess {
  /** Process ids by what they do: callers and workers (`app`), and a server of the peer's own (`engine`). */
  readonly app: readonly number[];
  readonly engine: readonly number[];
  run(load: TimedLoadOptions & { readonly size: number }): Promise<TimedLoad>;
  stop(): Promise<void>;
}

export async function forkPeer(name: string, env: NodeJS.ProcessEnv): Promise<PeerProcess> {
  const child: ChildProcess = fork(join(folder, 'peer.mjs'), [name], {
    env,
    execPath: nodeBinary(),
    execArgv: ['--import', 'tsx'],
  });
  const { app, engine } = await next<Pick<PeerProcess, 'app' | 'engine'>>(child);
  return {
    app,
    engine,
    run(load) {
      child.send(load);
      return next<TimedLoad>(child);
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.send('stop');
      await once(child, 'exit');
    },
  };
}
