/** These workflows are the baselines: one that does nothing, in the shape of an execution, and one written naively. */
import { proxyActivities } from '@temporalio/workflow';
import type { PeerIntent } from '../../support/plain-stores.js';
import type { NaiveActivities } from './naive.js';

const { noop, row, event } = proxyActivities<NaiveActivities & { noop(): Promise<void> }>({
  startToCloseTimeout: '30 s',
});

/** @param rounds how many activities run side by side in each round. */
export async function NoopWorkflow(rounds: readonly number[]): Promise<void> {
  for (const activities of rounds) await Promise.all(Array.from({ length: activities }, () => noop()));
}

/** Executes each intent by an activity of its own: rows side by side, then events side by side. */
export async function NaiveWorkflow(intents: readonly PeerIntent[]): Promise<void> {
  const isEvent = ({ intent_type }: PeerIntent): boolean => intent_type === 'PublishEvent';
  await Promise.all(intents.filter((intent) => !isEvent(intent)).map(row));
  await Promise.all(intents.filter(isEvent).map(event));
}
