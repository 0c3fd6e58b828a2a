/** This module makes files of keys, and words to look for. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns a new line of a file of keys. */
export const keyLine = (id: string): string => `${id} ${randomBytes(32).toString('base64')}\n`;

export interface KeysFolder {
  readonly path: string;
  write(...lines: readonly string[]): Promise<void>;
  remove(): Promise<void>;
}

/** Makes a folder with a file of keys. */
export async function makeKeysFile(...lines: readonly string[]): Promise<KeysFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-keys-'));
  const path = join(folder, 'keys');
  const write = (...written: readonly string[]) => writeFile(path, written.join(''));
  await write(...lines);
  return { path, write, remove: () => rm(folder, { recursive: true }) };
}
