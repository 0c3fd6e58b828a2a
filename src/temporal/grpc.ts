/** This module reads the status of a request that Temporal has refused. */
import { errorsIn } from '../domain/failures/failure-table.js';

/** gRPC status codes. */
export const GRPC = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  UNIMPLEMENTED: 12,
  UNAUTHENTICATED: 16,
} as const;

/** The native connection tells a status of its first request by these words only, in the text of a TransportError. */
const IN_WORDS = [
  [/code: 'The request does not have valid authentication credentials'/, GRPC.UNAUTHENTICATED],
  [/code: 'The caller does not have permission/, GRPC.PERMISSION_DENIED],
] as const;

/** Returns the gRPC status code of an error, or of one inside. Errors of both kinds of connection have metadata. */
export function grpcCode(error: unknown): number | undefined {
  for (const one of errorsIn(error)) {
    if ('metadata' in one && 'code' in one && typeof one.code === 'number') return one.code;
    if (one.name === 'TransportError') return IN_WORDS.find(([words]) => words.test(one.message))?.[1];
  }
  return undefined;
}
