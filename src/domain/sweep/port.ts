/** These ports list executions that ended, and mark those that are swept. */

/** An execution is a run of a Temporal workflow. */
export interface Execution {
  readonly workflow_id: string;
  readonly run_id: string;
}

/** Returns the name of an execution in the ledger. Another run of the same workflow is another execution. */
export const executionId = ({ workflow_id, run_id }: Execution): string => `${workflow_id}/${run_id}`;

/**
 * This port lists executions of intents that ended without announcing all their effects, as far as Temporal remembers.
 */
export interface EndedExecutions {
  /** @param closedBefore ISO 8601. @param after `next` of the page before. */
  list(
    closedBefore: string,
    after: string | null,
    limit: number,
  ): Promise<{ readonly executions: readonly Execution[]; readonly next: string | null }>;
  /** Returns the input that an execution was started with; null when its history is gone. */
  input(execution: Execution): Promise<StartedInput | null>;
}

/** A `StartedInput` is the input of an execution, with its workflow type and the time of its start, ISO 8601. */
export interface StartedInput {
  readonly value: unknown;
  readonly type?: string;
  readonly started_at?: string;
}

/** This port marks which executions are swept, by their `executionId`. */
export interface SweptExecutions {
  /** Returns the `ids` of executions that are not swept yet. */
  unswept(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Marks executions as swept. One that is marked already stays as it is. */
  mark(marks: readonly { readonly execution_id: string; readonly reason: string | null }[]): Promise<void>;
}
