/** A workflow in one of these has nothing left to do: it is forgotten after `since_days`. Others never are. */
export const TERMINAL_STATES: readonly string[] = [
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'CANCELED',
  'TERMINATED',
  'TIMED_OUT',
  'ABORTED',
];
