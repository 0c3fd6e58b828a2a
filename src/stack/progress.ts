/** This module reports what a call is doing, and keeps reporting while one step takes long. */
import type { ServiceName, StackPhase, StackProgress } from './types.js';

/** Milliseconds between two events of a step; a caller is promised one at least every 5 s. */
const HEARTBEAT_MS = 4_000;

export interface Reporter {
  report(service: ServiceName | 'stack', phase: StackPhase, message: string): void;
  /** Repeats the latest message of `work` until it ends. */
  during<T>(
    service: ServiceName | 'stack',
    phase: StackPhase,
    message: string,
    work: (say: (message: string) => void) => Promise<T>,
  ): Promise<T>;
}

export function createReporter(onProgress: ((event: StackProgress) => void) | undefined): Reporter {
  const began = performance.now();
  const report: Reporter['report'] = (service, phase, message) =>
    onProgress?.({ service, phase, message, elapsedMs: Math.round(performance.now() - began) });
  return {
    report,
    async during(service, phase, message, work) {
      let latest = message;
      const say = (next: string): void => {
        latest = next;
        timer.refresh();
        report(service, phase, next);
      };
      const timer = setInterval(() => report(service, phase, latest), HEARTBEAT_MS);
      try {
        report(service, phase, message);
        return await work(say);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
