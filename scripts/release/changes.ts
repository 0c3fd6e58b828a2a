/** This module keeps apart what a release has written, and what a person edits while it builds. */
import { rmSync } from 'node:fs';
import { output } from './commands.js';

/** The paths that a release has written. */
export interface Written {
  readonly changed: readonly string[];
  readonly added: readonly string[];
}

const list = (...args: string[]): string[] =>
  output('git', args)
    .split('\0')
    .filter((path) => path !== '');

/** Returns the paths that differ from the last commit. A release looks before it builds, which takes a minute. */
export function written(): Written {
  return {
    changed: list('diff', '--name-only', '-z', 'HEAD'),
    added: list('ls-files', '--others', '--exclude-standard', '-z'),
  };
}

/** Returns the paths that are changed beside these. */
export function editedBeside({ changed, added }: Written): readonly string[] {
  const now = written();
  const known = new Set([...changed, ...added]);
  return [...now.changed, ...now.added].filter((path) => !known.has(path));
}

/** Commits these paths alone, whatever else is changed or staged. @throws CommandError */
export function commit({ changed, added }: Written, message: string): void {
  output('git', ['add', '--', ...changed, ...added]);
  output('git', ['commit', '--quiet', '--only', '--message', message, '--', ...changed, ...added]);
}

/** Makes these paths as they are in the last commit. @throws CommandError */
export function takeBack({ changed, added }: Written): void {
  if (changed.length + added.length > 0) output('git', ['reset', '--quiet', '--', ...changed, ...added]);
  if (changed.length > 0) output('git', ['checkout', '--quiet', '--', ...changed]);
  for (const path of added) rmSync(path);
}
