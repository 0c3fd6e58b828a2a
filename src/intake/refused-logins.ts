/** This module has the refused logins of an intake counted and logged, whoever makes the call. */
import type { EventPublisher } from '../domain/events/publisher.js';
import type { RefusedLogins } from '../flow-control/refused-logins.js';
import { isPermanent, type SliceRunner } from './slice-runner.js';

/** Returns a sentence for the error of a call to Temporal that refuses the login, and any other error as it is. */
export type InWords = (error: unknown) => unknown;

/** @param refusal returns what the server is known to refuse now: a refused certificate has no code of its own. */
export const temporalInWords =
  (isRefused: RefusedLogins, refusalOr: InWords, refusal: () => Error | undefined): InWords =>
  (error) => {
    const named = refusalOr(error);
    if (isRefused('temporal', named)) return named;
    return isPermanent(error) ? error : (refusal() ?? error);
  };

export function runnerInWords(runner: SliceRunner, inWords: InWords): SliceRunner {
  const inTurn = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw inWords(error);
    }
  };
  return {
    start: (...given) => inTurn(runner.start(...given)),
    ended: (...given) => inTurn(runner.ended(...given)),
  };
}

/** Has a refused login of a publisher counted, once a call. A worker's publisher is behind a breaker that does so. */
export const watchedPublisher = (publisher: EventPublisher, isRefused: RefusedLogins): EventPublisher => ({
  async publish(...given) {
    const outcomes = await publisher.publish(...given);
    outcomes.some((outcome) => !outcome.sent && isRefused('kafka', outcome.error));
    return outcomes;
  },
});
