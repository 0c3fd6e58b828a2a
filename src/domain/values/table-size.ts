/** A `TableSize` says how much tables hold of which old rows are pruned. */
export interface TableSize {
  /** The estimated number of rows. */
  readonly rows: number;
  /** Bytes of the tables with their indexes. */
  readonly bytes: number;
  /** Seconds that the oldest row that may go is past the retention; 0 when there is no such row. */
  readonly lagSeconds: number;
}
