/** This port is the state that all routers share. `src/postgres` implements it. */
import type { Observation, Path } from './observation.js';
import type { PathWindow } from './triggers.js';

export interface RolloutChange {
  readonly revision: number;
  readonly percent: number;
  readonly latched: boolean;
  readonly reason: string;
  readonly changed_by: string;
  /** ISO 8601 UTC. */
  readonly changed_at: string;
}

export interface RolloutState {
  /** The share: percent of new correlation ids that take the new path; 0 as long as nobody has set it. */
  readonly percent: number;
  /** Whether the rollout is rolled back, which it stays until a person sets a share. */
  readonly latched: boolean;
  /** p95 of the legacy path, milliseconds; null before enough lists have taken it. */
  readonly baselineMs: number | null;
  /** The revision of the rollout; 0 as long as nobody has set a share. */
  readonly revision: number;
  /** Changes of the share, newest first. */
  readonly changes: readonly RolloutChange[];
}

export interface Route {
  readonly path: Path;
  /** The revision of the rollout when the list was routed. */
  readonly revision: number;
}

export interface RoutedObservation extends Observation, Pick<Route, 'revision'> {}

export interface RolloutStore {
  /**
   * Returns the route of a correlation id. Its path is the one it was routed to before, else one by `bucket` and the
   * share, which is kept.
   */
  route(correlationId: string, bucket: number, paths: { readonly mayBeNew: boolean }): Promise<Route>;
  record(observations: readonly RoutedObservation[]): Promise<void>;
  state(): Promise<RolloutState>;
  /**
   * Returns the figures of a path's lists that ended in the last `windowMs` milliseconds. For the new path it takes
   * only lists that were routed since the last change.
   * @param unfinished the milliseconds of lists that have not ended and count all the same.
   */
  window(path: Path, windowMs: number, unfinished?: readonly number[]): Promise<PathWindow>;
  keepBaseline(ms: number): Promise<void>;
  /**
   * Sets the share, and lifts a rollback that was latched. @param unlessSet keeps a share that was set before. @returns
   * whether the share was set.
   */
  set(percent: number, reason: string, by: string, unlessSet?: boolean): Promise<boolean>;
  /** Sets the share to 0 and latches it, unless the share was changed since `revision`. @returns whether it did. */
  rollBack(revision: number, reason: string, by: string): Promise<boolean>;
}
