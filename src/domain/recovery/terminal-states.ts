/**
 * Terminal states, in which a workflow has nothing left to do. A recovery leaves such a workflow out after
 * `since_days`, and never another.
 */
export const TERMINAL_STATES: readonly string[] = [
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'CANCELED',
  'TERMINATED',
  'TIMED_OUT',
  'ABORTED',
];
