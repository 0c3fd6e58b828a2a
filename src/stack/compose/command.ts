/** This module makes command lines for `docker compose`, and the project they are about. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StackError } from '../errors.js';
import type { ServiceName } from '../types.js';

/** Names the project: one for each state folder, so that containers and volumes of two stacks do not meet. */
const projectOf = (stateDir: string): string =>
  `bridge-store-effect-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;

/** Returns the path of the file with the port numbers and names that the compose file takes as variables. */
const envFileOf = (stateDir: string): string => join(stateDir, 'compose.env');

export interface ComposeProject {
  readonly file: string;
  readonly project: string;
  readonly envFile: string;
}

export function composeProject(stateDir: string): ComposeProject {
  return { file: findComposeFile(), project: projectOf(stateDir), envFile: envFileOf(stateDir) };
}

const base = ({ file, project, envFile }: ComposeProject): string[] => [
  'compose',
  '-f',
  file,
  '--env-file',
  envFile,
  '-p',
  project,
];

/** Makes the command that starts services; `--wait` makes it return when the health checks pass. */
export const upArgs = (project: ComposeProject, services: readonly ServiceName[]): string[] => [
  ...base(project),
  ...['up', '-d', '--wait', '--wait-timeout', '180'],
  ...services,
];

/** Makes the command that removes containers and network of the whole project; its volumes too when `purge`. */
export const downArgs = (project: ComposeProject, purge: boolean): string[] => [
  ...base(project),
  ...['down', '--timeout', '15'],
  ...(purge ? ['--volumes'] : []),
];

/** Makes the command that stops only some of the services, when others are to stay. */
export const stopArgs = (project: ComposeProject, services: readonly ServiceName[]): string[] => [
  ...base(project),
  ...['stop', '--timeout', '15'],
  ...services,
];

export const logsArgs = (project: ComposeProject, services: readonly ServiceName[]): string[] => [
  ...base(project),
  ...['logs', '--no-color', '--tail', '15'],
  ...services,
];

/** Finds the compose file at the package's root: one folder above the sources, one more above a build. */
function findComposeFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'docker-compose.yml');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) throw new StackError('docker-compose.yml is missing beside package.json');
  }
}

/** Makes the command that prints the services with a running container, one a line. */
export const runningArgs = (project: ComposeProject): string[] => [
  ...base(project),
  ...['ps', '--services', '--status', 'running'],
];
