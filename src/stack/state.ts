/** The file state.json records what `up` started, so that later calls find it again. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { StackError } from './errors.js';

const serviceSchema = z.object({
  /** Port numbers by role, kept for the next start so that addresses stay the same. */
  ports: z.record(z.string(), z.int()),
  /** Process of the server; absent in compose mode, and once it is stopped. */
  process: z.object({ pid: z.int(), started: z.string() }).optional(),
  /** Folder of the server's data; absent in compose mode. */
  dataDir: z.string().optional(),
  /** Whether the container was started and not yet stopped. */
  container: z.boolean().optional(),
});

const stateSchema = z.object({
  version: z.literal(1),
  mode: z.enum(['native', 'compose']).nullable(),
  services: z.object({
    temporal: serviceSchema.optional(),
    postgres: serviceSchema.optional(),
    kafka: serviceSchema.optional(),
  }),
  /** The addresses that `up` returned last, for people and scripts. Nothing reads them back. */
  endpoints: z.unknown().optional(),
});

export type ServiceRecord = z.infer<typeof serviceSchema>;
export type StackState = z.infer<typeof stateSchema>;

const fileOf = (stateDir: string): string => join(stateDir, 'state.json');

export function readState(stateDir: string): StackState {
  const file = fileOf(stateDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { version: 1, mode: null, services: {} };
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new StackError(`${file} is damaged: end the servers it was about, then remove it`, { cause: error });
  }
}

/** Writes the state synchronously, so that nothing comes between a server's start and its record. */
export function writeState(stateDir: string, state: StackState): void {
  const file = fileOf(stateDir);
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(temporary, file);
}

export const removeState = (stateDir: string): void => rmSync(fileOf(stateDir), { force: true });
