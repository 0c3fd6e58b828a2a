/** What the intake hands to `ExecuteSliceWorkflow`: the lists of some envelopes of one partition, in their order. */
export interface SliceList {
  /** Of the envelope: the scope of derived intent ids when there is no request id. */
  readonly event_id: string;
  readonly correlation_id: string | null;
  readonly request_id?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** Raw: an invalid one is reported by the workflow and stops no neighbour. */
  readonly intents: readonly unknown[];
}

export interface SliceInput {
  readonly lists: readonly SliceList[];
}
