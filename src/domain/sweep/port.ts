/** Executions that ended, and which of them are swept. */

/** A run of a workflow. */
export interface Execution {
  readonly workflow_id: string;
  readonly run_id: string;
}

/** As the ledger names it: another run of the same workflow is another execution. */
export const executionId = ({ workflow_id, run_id }: Execution): string => `${workflow_id}/${run_id}`;

/** Executions of intents that ended without announcing all their effects, as far as Temporal remembers. */
export interface EndedExecutions {
  /** @param closedBefore ISO 8601. @param after `next` of the page before. */
  list(
    closedBefore: string,
    after: string | null,
    limit: number,
  ): Promise<{ readonly executions: readonly Execution[]; readonly next: string | null }>;
  /** What an execution was started with; null when its history is gone. */
  input(execution: Execution): Promise<{ readonly value: unknown } | null>;
}

/** Which executions are swept; by their `executionId`. */
export interface SweptExecutions {
  /** Those of `ids` that are not swept yet. */
  unswept(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Marks executions; one that is marked stays as it is. */
  mark(marks: readonly { readonly execution_id: string; readonly reason: string | null }[]): Promise<void>;
}
