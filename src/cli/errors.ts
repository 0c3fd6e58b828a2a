/** Exit codes of `bridge` (design 9) and the errors that lead to them. */
import { isGrpcServiceError } from '@temporalio/client';
import { RefusedError, RequestConflictError } from '../client/errors.js';
import { ConfigError } from '../config.js';
import { EffectError } from '../intents/failure.js';
import { LimitError } from '../intents/limits.js';
import { RequestError } from '../intents/request.js';
import { StackError } from '../stack/index.js';

export const EXIT = { ok: 0, intentFailed: 1, usage: 2, unreachable: 3 } as const;

/** Bad usage or input: the message says which argument, field or line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A service that is needed cannot be reached. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const USAGE = [UsageError, ConfigError, LimitError, RefusedError, RequestError, RequestConflictError];
/** gRPC: CANCELLED while connecting, DEADLINE_EXCEEDED, UNAVAILABLE. */
const GRPC_UNREACHABLE = new Set([1, 4, 14]);
const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN', 'EPIPE']);

export function exitCodeOf(error: unknown): number {
  if (USAGE.some((type) => error instanceof type)) return EXIT.usage;
  return isUnreachable(error) ? EXIT.unreachable : EXIT.intentFailed;
}

/** Whether an error, or one it wraps, says that a server is not there. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof UnreachableError || error instanceof StackError) return true;
  if (error instanceof EffectError && error.failureClass === 'unavailable') return true;
  if (isGrpcServiceError(error) && GRPC_UNREACHABLE.has(error.code)) return true;
  if (!(error instanceof Error)) return false;
  if (error.name.startsWith('KafkaJSConnection') || error.name === 'KafkaJSNumberOfRetriesExceeded') return true;
  if ('code' in error && typeof error.code === 'string' && NETWORK.has(error.code)) return true;
  if (error instanceof AggregateError) return error.errors.some(isUnreachable);
  return error.cause !== undefined && isUnreachable(error.cause);
}
