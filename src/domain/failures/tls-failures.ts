/** This table gives the errors of TLS, as Node names them, the kind that a person has to know. */

/**
 * A TLS failure says what is wrong with a connection in TLS.
 * - `expired`: a certificate of the server, or of its authority, is not valid now.
 * - `authority`: the server's certificate is of an authority that is not trusted.
 * - `host`: the server's certificate is for another host.
 * - `client`: the server does not take the client's certificate, or misses one.
 * - `protocol`: the other side does not speak TLS, or no version of it that both know.
 */
export type TlsFailure = 'expired' | 'authority' | 'host' | 'client' | 'protocol';

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

/** Returns the kind of an error by its code; undefined for an error that is not one of TLS. */
export function tlsFailureOf(code: unknown): TlsFailure | undefined {
  if (typeof code !== 'string') return undefined;
  if (Object.hasOwn(KINDS, code)) return KINDS[code];
  // The server's alerts have names such as ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED.
  if (/^ERR_SSL_\w+_ALERT_(\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED)$/.test(code)) return 'client';
  return code.startsWith('ERR_SSL_') ? 'protocol' : undefined;
}
