/**
 * These are the activities of the naive way to use Temporal: an activity an intent. A row's activity publishes its
 * announcement too.
 */
import { openPlainStores, type PeerIntent } from '../../support/plain-stores.js';

export interface NaiveActivities {
  row(intent: PeerIntent): Promise<void>;
  event(intent: PeerIntent): Promise<void>;
}

/** Opens the stores, and returns the activities over them. */
export async function naiveActivities(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly activities: NaiveActivities; close(): Promise<void> }> {
  const stores = await openPlainStores(env);
  return {
    activities: {
      async row(intent) {
        await stores.persist([intent]);
        await stores.publish([intent]);
      },
      event: (intent) => stores.publish([intent]),
    },
    close: () => stores.close(),
  };
}
