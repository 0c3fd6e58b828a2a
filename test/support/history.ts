/** This module describes which rows and events the real histories of `test/data` lead to. */

export interface StateRow {
  readonly bridge_id: string;
  readonly namespace: string;
  readonly total_workflows_processed: number;
  readonly total_items_aggregated: number;
}

export interface ExpectedHistory {
  readonly lists: number;
  readonly intents: number;
  readonly rows: readonly StateRow[];
  readonly fsm_transitions_rows: number;
  readonly published_events: number;
}

/** Returns the rows in one order, so that they can be compared. */
export const sortedRows = (rows: readonly StateRow[]): StateRow[] => {
  const key = ({ bridge_id, namespace }: StateRow): string => bridge_id + namespace;
  return [...rows].sort((one, other) => (key(one) < key(other) ? -1 : 1));
};

export const itemsOf = (rows: readonly StateRow[]): number =>
  rows.reduce((total, row) => total + row.total_items_aggregated, 0);
