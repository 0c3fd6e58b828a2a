/** This module says which versions get lists, or have open ones, while none of their workers polls. */
import { counted } from '../../domain/intents/definition.js';
import { isPolled, noWorkerPolls } from '../polls.js';
import type { DeploymentReport } from './deployments.js';

/**
 * Returns a sentence for each version whose lists stand still. Pinned lists wait for the workers of their version, so
 * an image that was rolled over another stops them, and no other sign shows it.
 */
export const strandedLists = ({ versions }: DeploymentReport, now = Date.now()): string[] =>
  versions.flatMap(({ build_id, status, open, last_poll }) => {
    const lastPoll = last_poll === null ? null : Date.parse(last_poll);
    if (isPolled(lastPoll, now)) return [];
    const idle = noWorkerPolls(`for ${build_id}`, lastPoll, now);
    if (status === 'current' || status === 'ramping') return [`${idle}, which is ${status}; start its workers`];
    return open > 0 ? [`${idle}, with ${counted(open, 'execution')} open; start its workers again`] : [];
  });
