/** This module makes a worker fail as it does when its poller fails, which no real poller does on demand. */
import { Worker } from '@temporalio/worker';

export interface FailingPoller {
  /** Fails the workers that were started since. */
  fail(): void;
  /** Lets later workers run as they are. */
  restore(): void;
}

/** Replaces `run` of all workers. @param words the message of the error that a worker fails with. */
export function failingPoller(words: string): FailingPoller {
  const run = Object.getOwnPropertyDescriptor(Worker.prototype, 'run')!;
  let fail: () => void = () => undefined;
  const failing = new Promise<void>((resolve) => (fail = resolve));
  Worker.prototype.run = async function (this: Worker) {
    const running = (run.value as () => Promise<void>).call(this);
    await failing;
    this.shutdown();
    await running;
    throw new Error(words);
  };
  return { fail: () => fail(), restore: () => void Object.defineProperty(Worker.prototype, 'run', run) };
}
