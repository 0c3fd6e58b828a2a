/**
 * This process is a proxy before a Temporal server, which has no TLS of its own here. Its arguments are the address of
 * the server and, for mutual TLS, the paths of a certificate, its key and the clients' CA.
 */
import { readFileSync } from 'node:fs';
import { temporalFront } from '../../test/support/temporal-front.js';

/** The front's message says where it listens, as host:port. */
export interface FrontMessage {
  readonly address: string;
}

const [target = '', ...files] = process.argv.slice(2);
const [cert, key, ca] = files.map((path) => readFileSync(path, 'utf8'));
const tls = cert === undefined ? {} : { tls: { cert, key, ca, requestCert: true, rejectUnauthorized: true } };
const { address } = await temporalFront(target, tls);
process.on('disconnect', () => process.exit());
process.send?.({ address } satisfies FrontMessage);
