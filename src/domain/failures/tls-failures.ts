/** This module tells the failures of TLS apart by their codes, and says each of them in one sentence. */

/**
 * A TLS failure says what is wrong with a connection in TLS.
 * - `expired`: a certificate of the server, or of its authority, is not valid now.
 * - `authority`: the server's certificate is of an authority that is not trusted.
 * - `host`: the server's certificate is for another host.
 * - `client`: the server does not take the client's certificate, or misses one.
 * - `protocol`: the other side does not speak TLS, or no version of it that both know.
 * - `unreadable`: certificates of our own cannot be used, so that the server was not asked.
 */
export type TlsFailure = 'expired' | 'authority' | 'host' | 'client' | 'protocol' | 'unreadable';

/** Rows by error code. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const KINDS: Readonly<Record<string, TlsFailure>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'expired',
  UNABLE_TO_GET_ISSUER_CERT: 'authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'authority',
  CERT_SIGNATURE_FAILURE: 'authority',
  CERT_UNTRUSTED: 'authority',
  INVALID_CA: 'authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'host',
  EPROTO: 'protocol',
};

/**
 * The server's alerts about the client's certificate have names such as ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED. In
 * TLS 1.2 a failed handshake is how OpenSSL's servers miss one.
 */
const OF_CLIENT = /^ERR_SSL_\w+_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

/** Returns the kind of an error by its code; undefined for an error that is not one of TLS. */
export function tlsFailureOf(code: unknown): TlsFailure | undefined {
  if (typeof code !== 'string') return undefined;
  if (Object.hasOwn(KINDS, code)) return KINDS[code];
  if (OF_CLIENT.test(code)) return 'client';
  if (code.startsWith('ERR_SSL_')) return 'protocol';
  // OpenSSL reads PEM before there is a connection.
  return code.startsWith('ERR_OSSL_') ? 'unreadable' : undefined;
}

/** The names are what an operator can set: variables, or options of the client. */
export interface TlsNames {
  /** The host that the server's certificate has to name. */
  readonly host: string;
  /** Whether TLS is used. */
  readonly tls: string;
  /** The authorities that are trusted. */
  readonly ca: string;
  /** The client's certificate, and its key. */
  readonly cert: string;
  readonly key: string;
}

const SENTENCES: Readonly<Record<TlsFailure, (address: string, names: TlsNames) => string>> = {
  expired: (address, { ca }) =>
    `the certificate of ${address}, or of its authority (${ca}), has expired or is not valid yet`,
  authority: (address, { ca }) => `the certificate of ${address} is of an authority that is not trusted (${ca})`,
  host: (address, { host }) => `the certificate of ${address} is for another host (${host})`,
  client: (address, { cert }) => `${address} does not take the client certificate, or misses one (${cert})`,
  protocol: (address, { tls }) => `${address} does not speak TLS (${tls})`,
  unreadable: (address, { ca, cert, key }) =>
    `${address} is not asked: a file is not in PEM, or certificate and key are not a pair (${ca}, ${cert}, ${key})`,
};

/** Says a failure in one sentence, with the reason that Node or OpenSSL gives for the error. */
export function tlsSentence(failure: TlsFailure, address: string, names: TlsNames, error?: object): string {
  const sentence = SENTENCES[failure](address, names);
  return error !== undefined && 'reason' in error ? `${sentence}: ${String(error.reason)}` : sentence;
}
