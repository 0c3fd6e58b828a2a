/**
 * This check lets compose read `docker-compose.yml`, with and without the service itself. It needs no daemon. A machine
 * without compose is named, and the check is left out there.
 */
import { spawnSync } from 'node:child_process';

const COMMANDS = [['docker', 'compose'], ['docker-compose']];

const run = ([program, ...first], args, stdio) => spawnSync(program, [...first, ...args], { stdio }).status;

const compose = COMMANDS.find((command) => run(command, ['version'], 'ignore') === 0);
if (compose === undefined) {
  process.stderr.write('docker-compose.yml is not checked: this machine has no compose\n');
} else {
  const profiles = [[], ['--profile', 'service']];
  const failed = profiles.some((profile) => run(compose, [...profile, 'config', '--quiet'], 'inherit') !== 0);
  process.exitCode = failed ? 1 : 0;
}
