/** This module says what a command waits for: that no worker is there, and after Ctrl-C that executions go on. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { counted } from '../domain/intents/definition.js';
import { lookForWorker } from '../temporal/inspect.js';
import { isLeft, isPolled, noWorkerPolls, type WorkerLook } from '../temporal/polls.js';
import { InterruptedError } from './errors.js';
import type { Output } from './views/output.js';

/** Milliseconds to the first look for a worker, and to the next ones. A worker takes a list within milliseconds. */
const LOOKS_MS = [100, 3_000, 10_000] as const;
/** The most executions that are named after Ctrl-C. */
const NAMED = 3;

interface Waited {
  /** Returns the ids of the executions that the command waits for now. */
  readonly ids: () => readonly string[];
  /** The word for one of them; default: list. */
  readonly noun?: string;
  /** Returns the command that shows one of them; default: `bridge status`. */
  readonly show?: (id: string) => string;
  /** Returns how many lists the command has yet to start. */
  readonly unstarted?: () => number;
}

/**
 * Waits for executions on behalf of a command.
 * @param wait gets a signal that says when nobody waits any more.
 * @throws InterruptedError after Ctrl-C.
 */
export async function whileWaiting<T>(
  out: Output,
  temporal: Client,
  waited: Waited,
  wait: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const interrupted = once(process, 'SIGINT', { signal }).then(() => {
    // The terminal has printed `^C`.
    if (out.interactive) out.note('');
    throw new InterruptedError(whatGoesOn(waited));
  });
  const looks = lookAgain(out, temporal, waited, signal);
  try {
    return await Promise.race([wait(signal), interrupted, looks]);
  } finally {
    over.abort();
  }
}

/** Says when workers have gone, and when they are back, for as long as the command waits. */
async function lookAgain(out: Output, temporal: Client, waited: Waited, signal: AbortSignal): Promise<never> {
  let before: WorkerLook | undefined;
  let missing = false;
  for (let look = 0; ;) {
    await sleep(LOOKS_MS[look] ?? LOOKS_MS[2], undefined, { signal });
    const [id] = waited.ids();
    // A server that does not answer is not this look's to report.
    const now = id === undefined ? null : await lookForWorker(temporal, id).catch(() => null);
    if (now === null || signal.aborted) continue;
    look += 1;
    const gone = !isPolled(now.lastPoll) || isLeft(before, now);
    if (gone && !missing) {
      noteMissing(out, now, waited.ids(), `; Ctrl-C ends the wait, not the ${waited.noun ?? 'list'}`);
    }
    if (!gone && missing) out.note(`bridge: a worker polls ${now.taskQueue} now`);
    missing = gone;
    before = now;
  }
}

/** Says that executions were started and are not waited for, and that no worker polls where that is so. */
export async function noteStarted(out: Output, temporal: Client, ids: readonly string[]): Promise<void> {
  const [id] = ids;
  if (id === undefined) return;
  const look = await lookForWorker(temporal, id);
  if (!isPolled(look.lastPoll)) noteMissing(out, look, ids);
  out.note(`bridge: look with "${bridgeStatus(ids.length === 1 ? id : 'ID')}"`);
}

/** Says that no worker polls the queue of executions, and what to do. No line has over 80 characters with usual ids. */
function noteMissing(out: Output, { taskQueue, lastPoll }: WorkerLook, ids: readonly string[], then = ''): void {
  const [id = '', ...others] = ids;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  out.note(
    `bridge: ${noWorkerPolls(taskQueue, lastPoll)}`,
    `  queued meanwhile: ${id}${more}`,
    `  run "bridge worker"${then}`,
  );
}

const bridgeStatus = (id: string): string => `bridge status ${id}`;

function whatGoesOn({ ids, noun = 'list', show = bridgeStatus, unstarted = () => 0 }: Waited): string {
  const going = ids();
  const rest = unstarted() === 0 ? '' : `, ${counted(unstarted(), noun)} not started`;
  if (going.length === 0) return `stopped${rest}`;
  const what = going.length === 1 ? `the ${noun} goes on` : `${counted(going.length, noun)} go on`;
  const named = going.slice(0, NAMED).map(show);
  if (going.length > NAMED) named.push('bridge list --outcome running');
  return [`stopped waiting; ${what}${rest}; look with`, ...named].join('\n');
}
