/** This module makes an HTTP server with TLS, whose certificate follows its files. */
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { type Config, ConfigError } from '../config.js';
import { shownPath } from '../domain/values/shown.js';

/** Milliseconds between two looks at the files. */
const LOOK_MS = 5_000;

/** Returns a server; null without a certificate. @throws ConfigError naming the setting whose file cannot be used. */
export function createTlsServer(
  { HTTP_TLS_CERT: cert, HTTP_TLS_KEY: key }: Pick<Config, 'HTTP_TLS_CERT' | 'HTTP_TLS_KEY'>,
  listener: RequestListener,
): Server | null {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined) throw new ConfigError('HTTP_TLS_CERT: expected beside HTTP_TLS_KEY');
  if (key === undefined) throw new ConfigError('HTTP_TLS_KEY: expected beside HTTP_TLS_CERT');
  let used = { cert: textOf('HTTP_TLS_CERT', cert), key: textOf('HTTP_TLS_KEY', key) };
  try {
    createSecureContext(used);
  } catch (error) {
    throw new ConfigError('HTTP_TLS_CERT, HTTP_TLS_KEY: expected a certificate and its key, as PEM', { cause: error });
  }
  const server = createServer(used, listener);
  const timer = setInterval(() => {
    try {
      const now = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
      if (now.cert === used.cert && now.key === used.key) return;
      server.setSecureContext(now);
      used = now;
    } catch {
      // The files may be half written: they are looked at again, and the certificate of before stays meanwhile.
    }
  }, LOOK_MS).unref();
  return server.once('close', () => clearInterval(timer));
}

function textOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${name}: expected a file that can be read, got ${shownPath(path)}`, { cause: error });
  }
}
