/** This module fetches Java programs from Maven: an artifact and all it needs, as a folder of jars. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunCommand } from '../process/run.js';

/** @param extra XML inside the dependency, such as exclusions. */
export const dependency = (group: string, artifact: string, version: string, extra = ''): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>${extra}</dependency>`;

const pomOf = (dependencies: readonly string[]): string => `<project>
<modelVersion>4.0.0</modelVersion><groupId>bridge-store-effect</groupId><artifactId>jars</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies>
${dependencies.join('\n')}
</dependencies></project>
`;

const GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

/**
 * Puts the jars into `libs` of `directory`.
 * @returns null, or the end of what Maven said when it failed.
 */
export async function copyJars(
  run: RunCommand,
  directory: string,
  dependencies: readonly string[],
): Promise<string | null> {
  const libs = join(directory, 'libs');
  const pom = join(directory, 'pom.xml');
  await mkdir(libs);
  await writeFile(pom, pomOf(dependencies));
  const args = ['-B', '-ntp', '-f', pom, GOAL, '-DincludeScope=runtime', `-DoutputDirectory=${libs}`];
  const { code, output } = await run('mvn', args);
  return code === 0 ? null : output.split('\n').slice(-15).join('\n');
}
