/**
 * The codec server encodes and decodes payloads for Temporal's Web UI and command line, which have no keys. It speaks
 * their protocol: `POST /encode` and `POST /decode`, with the JSON of `temporal.api.common.v1.Payloads`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { z } from 'zod';
import { EffectError } from '../domain/failures/failure.js';
import { isBearer, type Secret, SecretError } from '../secret.js';

const { Payloads } = proto.temporal.api.common.v1;

/** The most bytes of a request: a page of history in base64. */
const BODY_BYTES = 32 * 1024 * 1024;
/** Milliseconds in which a request has to be here whole. */
const REQUEST_MS = 30_000;
/** Milliseconds that a stop waits for requests that are under way. Node looks for late ones no more from then on. */
const CLOSE_MS = 2_000;

export interface CodecServerOptions {
  readonly codec: PayloadCodec;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The origin of the Web UI, whose pages may call; null when there is none. */
  readonly origin: string | null;
  /** The bearer token that callers send; undefined asks for none. */
  readonly token: Secret | undefined;
}

export interface CodecServer {
  readonly port: number;
  /** Takes no more requests, and resolves when the ones that run are answered, or have had 2 s. */
  close(): Promise<void>;
}

/** This error ends a request with its status. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: OutgoingHttpHeaders = {},
  ) {
    super(message);
  }
}

/** @throws the error of `listen`, such as EADDRINUSE. */
export async function serveCodec(options: CodecServerOptions): Promise<CodecServer> {
  const server = createServer({ requestTimeout: REQUEST_MS }, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      const { status, message, headers } = refusalOf(error);
      send(response, status, { error: message }, headers);
    });
  });
  server.listen(options.port, options.host);
  // `once` rejects on 'error'.
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      // A caller that never ends its request must not keep the process.
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
      await closed.finally(() => clearTimeout(cut));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: CodecServerOptions): Promise<void> {
  allowOrigin(request, response, options.origin);
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  const convert = converterOf(request, options.codec);
  if (options.token !== undefined) await assertToken(request, options.token);
  const payloads = payloadsIn(await bodyOf(request));
  send(response, 200, Payloads.toObject(Payloads.create({ payloads: await convert(payloads) }), { bytes: String }));
}

/** Lets the pages of the Web UI read the answer. @throws Refusal for the page of another origin. */
function allowOrigin({ headers }: IncomingMessage, response: ServerResponse, origin: string | null): void {
  const from = headers.origin;
  if (from === undefined) return;
  if (from !== origin)
    throw new Refusal(403, `origin: expected ${origin ?? 'none, as no --origin is set'}, got ${from}`);
  response.setHeaders(
    new Map([
      ['access-control-allow-origin', from],
      ['access-control-allow-methods', 'POST, OPTIONS'],
      ['access-control-allow-headers', 'authorization, content-type, x-namespace'],
      ['vary', 'origin'],
    ]),
  );
}

/** @throws Refusal for another path or method. */
function converterOf({ method, url = '' }: IncomingMessage, codec: PayloadCodec) {
  const path = url.split('?', 1)[0];
  if (path !== '/encode' && path !== '/decode') throw new Refusal(404, 'expected /encode or /decode');
  if (method !== 'POST') throw new Refusal(405, `expected POST, got ${method ?? ''}`, { allow: 'POST, OPTIONS' });
  return (payloads: Payload[]) => (path === '/encode' ? codec.encode(payloads) : codec.decode(payloads));
}

/** @throws Refusal unless the request has the bearer token. */
async function assertToken({ headers }: IncomingMessage, token: Secret): Promise<void> {
  if (await isBearer(headers.authorization, token)) return;
  throw new Refusal(401, `authorization: expected the bearer token of ${token.source}`, {
    'www-authenticate': 'Bearer',
  });
}

/** @throws Refusal for a body over the limit. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES)
      throw new Refusal(413, `body: expected at most ${BODY_BYTES} bytes`, { connection: 'close' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Bytes are texts in base64. An object with a `length` would be taken for bytes, as many as it says. */
const PAYLOADS = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), z.string()).optional(), data: z.string().optional() }))
    .default([]),
});

/** @throws Refusal for what is no JSON of payloads. */
function payloadsIn(body: string): Payload[] {
  try {
    return Payloads.fromObject(PAYLOADS.parse(JSON.parse(body))).payloads;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(400, `body: expected {"payloads": [{"metadata": {...}, "data": "base64"}]}: ${reason}`);
  }
}

/** Returns what a caller gets to read of an error: the sentence of one of ours, and nothing of a defect. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof EffectError) return new Refusal(422, error.message);
  return new Refusal(500, error instanceof SecretError ? error.message : 'internal error');
}

function send(response: ServerResponse, status: number, body: unknown, headers: OutgoingHttpHeaders = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    .end(`${JSON.stringify(body)}\n`);
}
