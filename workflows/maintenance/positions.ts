/**
 * A position is what an earlier run of a workflow hands to the next. Any client may start a workflow with anything
 * instead.
 */

/**
 * A position says where a run goes on. A recovery calls `after` a cursor, and a prune takes it in its request: what
 * running executions hand over keeps its form.
 */
export interface Position<At, Report> {
  /** Start of the next page. */
  readonly after: At;
  readonly so_far: Report;
}

/**
 * Returns the report so far.
 * @param start the report before the first page; it says which fields there are, and of which type.
 * @param given the report of an earlier run; a field that has no value of that type counts as the start's.
 */
export function soFar<T extends object>(start: T, given: unknown): T {
  const fields = (typeof given === 'object' && given !== null ? given : {}) as Partial<Record<keyof T, unknown>>;
  const taken = (Object.keys(start) as (keyof T)[]).filter((name) => isAlike(start[name], fields[name]));
  return { ...start, ...Object.fromEntries(taken.map((name) => [name, fields[name]])) };
}

/** Returns whether a field is of the start's type: a count, a text that may be missing yet, or counts by name. */
function isAlike(start: unknown, given: unknown): boolean {
  if (start === null) return given === null || typeof given === 'string';
  if (typeof start !== 'object') return typeof given === typeof start;
  return (
    typeof given === 'object' && given !== null && Object.values(given).every((count) => typeof count === 'number')
  );
}
