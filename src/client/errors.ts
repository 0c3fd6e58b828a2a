/** The request id has been used for another list; this one under the same id would look like a repeat. */
export class RequestConflictError extends Error {
  override readonly name = 'RequestConflictError';

  constructor(readonly requestId: string) {
    super(`request_id: ${requestId} has been used for another list of intents; use a new one`);
  }
}

/** The execution ended without a report: terminated, timed out, or refused as invalid. */
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

/** The list as a whole was refused by the workflow: a wrong option, a wrong shape, over a limit. */
export class RefusedError extends ExecutionError {
  override readonly name: string = 'RefusedError';
}

/** No result of an emitted list came in time; it may still come. */
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

/** The client was closed while it waited for the result of an emitted list; it may still come. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';

  constructor(readonly eventId: string) {
    super(`${eventId}: the client was closed before the result came; it may still come`);
  }
}
