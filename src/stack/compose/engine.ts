/** This module finds out whether there is a container engine that can run a compose file, and else why not. */
import { NOT_FOUND, TIMED_OUT, type RunCommand } from '../process/run.js';

/** Milliseconds for a check: `docker info` hangs when the daemon's socket does. */
const CHECK_MS = 5_000;

/** The first version of compose whose `--wait-timeout` is known. */
const OLDEST = [2, 17] as const;

/** Returns why no engine can be used; null where one can. */
export async function engineProblem(run: RunCommand): Promise<string | null> {
  const [daemon, compose] = await Promise.all(
    [['info'], ['compose', 'version', '--short']].map((args) => run('docker', args, { timeoutMs: CHECK_MS })),
  );
  return daemonProblem(daemon) ?? composeProblem(compose);
}

type Answer = Awaited<ReturnType<RunCommand>> | undefined;

function daemonProblem(answer: Answer): string | null {
  const { code = NOT_FOUND, output = '' } = answer ?? {};
  if (code === 0) return null;
  if (code === NOT_FOUND) return 'docker is not installed';
  if (code === TIMED_OUT) return `the daemon of docker does not answer within ${CHECK_MS / 1_000} s`;
  if (/permission denied/i.test(output)) return 'this user may not use the daemon of docker (group docker)';
  return `the daemon of docker does not run: ${output.split('\n').at(-1) ?? ''}`;
}

function composeProblem(answer: Answer): string | null {
  const { code = NOT_FOUND, output = '' } = answer ?? {};
  if (code !== 0) return 'docker has no compose v2 (the package docker-compose-plugin)';
  const [, major, minor] = (/(\d+)\.(\d+)/.exec(output) ?? []).map(Number);
  // An engine that prints its version in another way is tried.
  if (major === undefined || minor === undefined) return null;
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return isOld ? `compose ${major}.${minor} is too old: expected ${OLDEST.join('.')} or newer` : null;
}
