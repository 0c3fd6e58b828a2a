/** This module is what the checks of files share: which files there are, and how faults are reported. */
import { spawnSync } from 'node:child_process';

/**
 * Checks every file that is in git or could be added, and prints what is wrong; then the exit code is 1.
 * @param faultsOf returns lines about a path: `path:line: fault`.
 */
export function checkFiles(name, faultsOf) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name}: git cannot list the files`);
  const faults = stdout.split('\n').filter(Boolean).flatMap(faultsOf);
  process.stderr.write(faults.map((fault) => `${fault}\n`).join(''));
  process.exitCode = faults.length === 0 ? 0 : 1;
}
