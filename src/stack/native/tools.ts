/** This module finds out whether a tool is there, and new enough. */
import { NOT_FOUND, type RunCommand } from '../process/run.js';

const CHECK_MS = 20_000;

/** @returns the tool's version, such as `1.26`; null when it is missing or does not run. */
async function toolVersion(
  run: RunCommand,
  command: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<string | null> {
  const { code, output } = await run(command, args, { timeoutMs: CHECK_MS });
  return code === NOT_FOUND || code !== 0 ? null : (pattern.exec(output)?.[1] ?? null);
}

/** Returns whether a version is the minimum or a newer one; both are dotted numbers. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number));
  for (const [index, part] of (need ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}

export const goVersion = (run: RunCommand): Promise<string | null> =>
  toolVersion(run, 'go', ['version'], /go(\d+\.\d+)/);
export const javaVersion = (run: RunCommand): Promise<string | null> =>
  toolVersion(run, 'java', ['-version'], /version "(\d+)/);
export const mavenVersion = (run: RunCommand): Promise<string | null> =>
  toolVersion(run, 'mvn', ['-v'], /Apache Maven (\d+\.\d+)/);
