import { conflictOf } from '../domain/execution/request-conflict.js';

/** A RequestConflictError says that another list has used the request id, so this one would look like its repeat. */
export class RequestConflictError extends Error {
  override readonly name = 'RequestConflictError';

  constructor(readonly requestId: string) {
    super(`${conflictOf(requestId)}; use a new one`);
  }
}

/** An ExecutionError says that an execution ended without a report: terminated, timed out, or refused as invalid. */
export class ExecutionError extends Error {
  override readonly name: string = 'ExecutionError';

  constructor(
    readonly workflowId: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A RefusedError says that the workflow refused a list as a whole: a wrong option, a wrong shape, over a limit. */
export class RefusedError extends ExecutionError {
  override readonly name: string = 'RefusedError';
}

/** A NoWorkerError says that no worker has taken a started list in time. The list stays queued until one does. */
export class NoWorkerError extends Error {
  override readonly name = 'NoWorkerError';

  constructor(
    readonly workflowId: string,
    readonly taskQueue: string,
    workerTimeoutMs: number,
  ) {
    super(
      `${workflowId}: no worker of the task queue ${taskQueue} took the list within ${workerTimeoutMs} ms; ` +
        'it stays queued until one does',
    );
  }
}

/** A ResultTimeoutError says that no result of an emitted list came in time; it may still come. */
export class ResultTimeoutError extends Error {
  override readonly name = 'ResultTimeoutError';

  constructor(
    readonly eventId: string,
    timeoutMs: number,
    cause?: unknown,
  ) {
    const reason = cause instanceof Error ? `; the service could not be asked: ${cause.message}` : '';
    super(`${eventId}: no result within ${timeoutMs} ms; it may still come${reason}`, { cause });
  }
}

/** A ClosedError says that the client was closed while it waited for an emitted list's result; it may still come. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';

  constructor(readonly eventId: string) {
    super(`${eventId}: the client was closed before the result came; it may still come`);
  }
}
