/** These tests check the kind of each failure of TLS, and its sentence. */
import assert from 'node:assert/strict';
import { type TlsFailure, tlsFailureOf, tlsSentence } from '../../../src/domain/failures/tls-failures.js';

describe('a failure of TLS', () => {
  const codes: Readonly<Record<TlsFailure, readonly string[]>> = {
    expired: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'],
    authority: [
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'CERT_SIGNATURE_FAILURE',
      'CERT_UNTRUSTED',
      'INVALID_CA',
    ],
    host: ['ERR_TLS_CERT_ALTNAME_INVALID'],
    client: [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
      'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    ],
    protocol: ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    unreadable: ['ERR_OSSL_PEM_NO_START_LINE', 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'],
  };
  for (const [kind, all] of Object.entries(codes)) {
    it(`has the kind ${kind} by its code`, () => {
      for (const code of all) assert.equal(tlsFailureOf(code), kind, code);
    });
  }

  it('has no kind by another code', () => {
    for (const code of ['ECONNRESET', '28P01', 'constructor', '', 'XERR_SSL_WRONG', 16, undefined])
      assert.equal(tlsFailureOf(code), undefined, String(code));
  });

  const names = { host: 'HOST', tls: 'TLS', ca: 'CA', cert: 'CERT', key: 'KEY' };
  const sentences: Readonly<Record<TlsFailure, string>> = {
    expired: 'the certificate of db:1, or of its authority (CA), has expired or is not valid yet',
    authority: 'the certificate of db:1 is of an authority that is not trusted (CA)',
    host: 'the certificate of db:1 is for another host (HOST)',
    client: 'db:1 does not take the client certificate, or misses one (CERT)',
    protocol: 'db:1 does not speak TLS (TLS)',
    unreadable: 'db:1 is not asked: a file is not in PEM, or certificate and key are not a pair (CA, CERT, KEY)',
  };
  for (const [kind, sentence] of Object.entries(sentences) as [TlsFailure, string][]) {
    it(`has a sentence that names server, ${kind} and variable, and the reason where there is one`, () => {
      assert.equal(tlsSentence(kind, 'db:1', names), sentence);
      assert.equal(tlsSentence(kind, 'db:1', names, new Error('long')), sentence);
      const reason = Object.assign(new Error('long'), { reason: 'no start line' });
      assert.equal(tlsSentence(kind, 'db:1', names, reason), `${sentence}: no start line`);
    });
  }
});
