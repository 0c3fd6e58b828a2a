/** This module makes the files of a release: tarballs, wheel, list of parts, notes, and their sums. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, output } from './commands.js';

/** Makes the files anew, and returns their names with their sizes in bytes. @throws CommandError */
export function makeArtifacts(folder: string, notes: string): ReadonlyMap<string, number> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  output('npm', ['run', '--silent', 'build']);
  output('npm', ['pack', '--silent', '--pack-destination', folder]);
  output('node', ['scripts/client-package.mjs', '--pack-destination', join(process.cwd(), folder)]);
  // The times in the wheel are those of the last commit, so that the same source makes the same bytes.
  const SOURCE_DATE_EPOCH = output('git', ['show', '-s', '--format=%ct']).trim();
  const wheel = ['-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', folder, 'clients/python'];
  output('python3', wheel, { SOURCE_DATE_EPOCH });
  writeFileSync(join(folder, 'sbom.json'), output('npm', ['sbom', '--omit=dev', '--sbom-format=cyclonedx']));
  writeFileSync(join(folder, 'notes.md'), `${notes}\n`);
  const names = readdirSync(folder).sort();
  const sums = names.map((name) => [name, readFileSync(join(folder, name))] as const);
  const lines = sums.map(([name, bytes]) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
  return new Map(sums.map(([name, { length }]) => [name, length]));
}

/** Returns the first container engine that answers, or null. */
export function engine(): string | null {
  const { CONTAINER_ENGINE } = process.env;
  const engines = CONTAINER_ENGINE === undefined ? ['docker', 'podman', 'buildah'] : [CONTAINER_ENGINE];
  return engines.find((command) => answers(command, ['info'])) ?? null;
}
