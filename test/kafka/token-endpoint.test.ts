import assert from 'node:assert/strict';
import { fixedSecret } from '../../src/secret.js';
import { tokensOf } from '../../src/kafka/token-endpoint.js';

const URL = 'https://id.example/token?realm=secret';

describe('a token endpoint', () => {
  /** Makes tokens of an OAuth server that gives one after the other, or answers as it is made to. */
  function server(answer?: () => Response | Promise<Response>) {
    const asked: { readonly url: string; readonly init: RequestInit }[] = [];
    const clock = { now: 0 };
    const ask = ((url: string, init: RequestInit) => {
      asked.push({ url, init });
      const given = Response.json({ access_token: `token ${asked.length}`, expires_in: 300 });
      return Promise.resolve(answer?.() ?? given);
    }) as unknown as typeof fetch;
    const endpoint = {
      source: 'ENDPOINT_URL',
      url: URL,
      clientId: 'me:here',
      clientSecret: fixedSecret('CLIENT_SECRET', 's%cret'),
      scope: 'kafka',
    };
    return { asked, clock, tokens: tokensOf(endpoint, ask, () => clock.now) };
  }

  it('is asked with client credentials, which are in a header only', async () => {
    const { asked, tokens } = server();
    assert.equal(await tokens.read(), 'token 1');
    const [{ url, init }] = asked as [(typeof asked)[0]];
    const headers = init.headers as Record<string, string>;
    const credentials = Buffer.from(headers['authorization']!.replace(/^Basic /, ''), 'base64').toString();
    assert.deepEqual(
      [url, init.method, String(init.body as URLSearchParams), credentials],
      [URL, 'POST', 'grant_type=client_credentials&scope=kafka', 'me%3Ahere:s%25cret'],
    );
  });

  it('is asked once for a token, until half a minute before its end', async () => {
    const { asked, clock, tokens } = server();
    assert.deepEqual(await Promise.all([tokens.read(), tokens.read()]), ['token 1', 'token 1']);
    clock.now = 269_999;
    assert.equal(await tokens.read(), 'token 1');
    clock.now = 270_000;
    assert.equal(await tokens.read(), 'token 2');
    assert.equal(asked.length, 2);
  });

  it('is asked again when a broker has refused the token', async () => {
    const { tokens } = server();
    await tokens.read();
    tokens.forget();
    assert.equal(await tokens.read(), 'token 2');
  });

  const refusals: readonly (readonly [what: string, answer: () => Response | Promise<Response>, message: string])[] = [
    [
      'refuses the client',
      () => new Response('', { status: 401 }),
      'ENDPOINT_URL: https://id.example/token refuses the client me:here (CLIENT_SECRET), with status 401',
    ],
    [
      'fails',
      () => new Response('', { status: 503 }),
      'ENDPOINT_URL: https://id.example/token answers with status 503',
    ],
    [
      'gives no token',
      () => Response.json({ token: 'x' }),
      'ENDPOINT_URL: https://id.example/token answers without an access_token',
    ],
    [
      'cannot be reached',
      () => Promise.reject(new TypeError('fetch failed')),
      'ENDPOINT_URL: https://id.example/token does not answer within 5000 ms, or cannot be reached',
    ],
  ];
  for (const [what, answer, message] of refusals) {
    it(`that ${what} is named, and asked again`, async () => {
      const { asked, tokens } = server(answer);
      await assert.rejects(tokens.read(), { message });
      await assert.rejects(tokens.read(), { message });
      assert.equal(asked.length, 2);
    });
  }
});
