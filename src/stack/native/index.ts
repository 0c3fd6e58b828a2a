/** This module starts the three servers as processes of this machine. */
import { platform } from 'node:os';
import { messageOf, StackError } from '../errors.js';
import type { Recorder } from './start.js';
import { startNative } from './start.js';
import { kafkaService } from './kafka.js';
import { postgresService } from './postgres.js';
import { temporalService } from './temporal/service.js';
import type { NativeContext, NativeService } from './service.js';
import type { ServiceName } from '../types.js';
import type { Endpoints } from '../../endpoints.js';

export const NATIVE_SERVICES: { readonly [Name in ServiceName]: NativeService<Name> } = {
  temporal: temporalService,
  postgres: postgresService,
  kafka: kafkaService,
};

/** Starts the servers in parallel: the one build that takes minutes must not delay the others. */
export async function startNatives(
  names: readonly ServiceName[],
  context: NativeContext,
  recorderOf: (name: ServiceName) => Recorder,
): Promise<Partial<Endpoints>> {
  if (platform() === 'win32')
    throw new StackError('No container engine found: on Windows the stack runs in Docker, or in WSL');
  const results = await Promise.allSettled(
    names.map(async (name) => {
      try {
        return [name, await startNative<ServiceName>(NATIVE_SERVICES[name], context, recorderOf(name))] as const;
      } catch (error) {
        context.reporter.report(name, 'failed', messageOf(error));
        throw error;
      }
    }),
  );
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
  if (failures.length > 0) throw new StackError(failures.map(messageOf).join('\n'), { cause: failures[0] });
  return Object.fromEntries(results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
}
