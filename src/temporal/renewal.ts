/**
 * This module keeps a connection's credentials those of their files. A changed API key goes to the connection that is
 * there. A changed certificate needs a new connection, because the SDK's connections keep the one they were made with.
 */
import type { TemporalEndpoint } from '../endpoints.js';
import { regularly } from '../flow-control/regularly.js';
import { type ConnectionOptions, connectionOptions, mayChange, sameTls } from './credentials.js';

/** Milliseconds between two looks at the files. */
const LOOK_MS = 5_000;

/** A renewable is what the SDK's two kinds of connection have in common here. */
interface Renewable {
  setApiKey(apiKey: string): unknown;
  close(): Promise<void>;
}

interface Renewal<C extends Renewable> {
  /** Makes a connection. */
  readonly open: (options: ConnectionOptions) => C | Promise<C>;
  /** Called when a connection succeeds the one before. */
  readonly replaced?: ((connection: C) => void) | undefined;
  /** Called when changed files cannot be used. The credentials stay as they were, and are tried again. */
  readonly failed?: ((error: unknown) => void) | undefined;
}

/**
 * Makes a connection whose credentials follow their files.
 * @returns a stand-in for whichever connection is the current one. Its `close` closes all.
 */
export async function renewed<C extends Renewable>(
  endpoint: TemporalEndpoint,
  { open, replaced, failed }: Renewal<C>,
): Promise<C> {
  let options = await connectionOptions(endpoint);
  let current = await open(options);
  if (!mayChange(endpoint)) return current;
  /** The connection before, whose requests may still be under way. */
  let previous: C | undefined;
  const replace = async (next: C): Promise<void> => {
    try {
      replaced?.(next);
    } catch (error) {
      await next.close();
      throw error;
    }
    const last = previous;
    [previous, current] = [current, next];
    await last?.close();
  };
  const look = async (): Promise<void> => {
    const now = await connectionOptions(endpoint);
    if (!sameTls(now, options)) await replace(await open(now));
    else if (now.apiKey !== undefined && now.apiKey !== options.apiKey) await current.setApiKey(now.apiKey);
    options = now;
  };
  const lookNoMore = regularly(LOOK_MS, () => look().catch((error: unknown) => failed?.(error)));
  const close = async (): Promise<void> => {
    await lookNoMore();
    await Promise.all([previous?.close(), current.close()]);
  };
  return new Proxy(Object.create(Object.getPrototypeOf(current) as object) as C, {
    get: (_none, name): unknown => {
      if (name === 'close') return close;
      const value: unknown = Reflect.get(current, name, current);
      return typeof value === 'function' ? (value.bind(current) as unknown) : value;
    },
  });
}
