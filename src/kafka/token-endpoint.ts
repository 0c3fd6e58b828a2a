/** This module asks an OAuth server for tokens by client credentials, and keeps one until shortly before it expires. */
import { z } from 'zod';
import type { TokenEndpoint } from '../endpoints.js';

/** Milliseconds that an answer may take. kafkajs gives a login ten seconds. */
const ANSWER_MS = 5_000;
/** Milliseconds before a token's end from which another one is asked for; at most half of its life. */
const EARLY_MS = 30_000;

const answer = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive().optional() });

export interface Tokens {
  /** @throws Error naming the setting to look at. */
  read(): Promise<string>;
  /** Forgets a token that a broker has refused. */
  forget(): void;
}

export function tokensOf(endpoint: TokenEndpoint, ask: typeof fetch = fetch, now = Date.now): Tokens {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;

  async function askForOne(): Promise<string> {
    const { access_token: token, expires_in: seconds = 0 } = await answerOf(endpoint, ask);
    const life = seconds * 1_000;
    kept = { token, until: now() + life - Math.min(EARLY_MS, life / 2) };
    return token;
  }

  return {
    read() {
      if (kept !== undefined && now() < kept.until) return Promise.resolve(kept.token);
      // The connections that are opened at the same time share one question.
      return (asking ??= askForOne().finally(() => (asking = undefined)));
    },
    forget() {
      kept = undefined;
    },
  };
}

async function answerOf(endpoint: TokenEndpoint, ask: typeof fetch): Promise<z.output<typeof answer>> {
  const { source, url, clientId, clientSecret, scope } = endpoint;
  const { origin, pathname } = new URL(url);
  const fail = (what: string, cause?: unknown) => new Error(`${source}: ${origin}${pathname} ${what}`, { cause });
  const credentials = [clientId, await clientSecret.read()].map(encodeURIComponent).join(':');
  const response = await ask(url, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
    // A redirect would take the secret to another server.
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch((cause: unknown) => {
    throw fail(`does not answer within ${ANSWER_MS} ms, or cannot be reached`, cause);
  });
  if (response.status === 400 || response.status === 401) {
    throw fail(`refuses the client ${clientId} (${clientSecret.source}), with status ${response.status}`);
  }
  if (!response.ok) throw fail(`answers with status ${response.status}`);
  const parsed = answer.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw fail('answers without an access_token');
  return parsed.data;
}
