import assert from 'node:assert/strict';
import { ServiceError } from '@temporalio/client';
import kafkajs from 'kafkajs';
import pg from 'pg';
import { EffectError, type FailureClass } from '../../../src/domain/failures/failure.js';
import { classify, FAILURE_TABLE, isRefusedLogin, isRefusedRight } from '../../../src/domain/failures/failure-table.js';

type Source = keyof typeof FAILURE_TABLE;
type Row = readonly [key: string, failureClass: FailureClass, error: unknown];

/** Makes an error as the driver of PostgreSQL does; those below are other drivers' errors. */
const sqlstate = (code: string) => Object.assign(new pg.DatabaseError('x', 1, 'error'), { code });
const errno = (code: string, syscall = 'read') => Object.assign(new Error('x'), { code, syscall, errno: -1 });
const answer = (type: string, retriable = false) =>
  new kafkajs.KafkaJSProtocolError(Object.assign(new Error('x'), { type, code: 14, retriable }));
const grpc = (code: number) => Object.assign(new Error('x'), { code, details: 'x', metadata: {} });
const spent = (cause: Error) => new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 0, retryTime: 1 });
const named = (name: string) => Object.assign(new Error('x'), { name });

const ROWS: Readonly<Record<Source, readonly Row[]>> = {
  sqlstate: [
    ['25006', 'unavailable', sqlstate('25006')],
    ['55P03', 'transient', sqlstate('55P03')],
    ['57014', 'transient', sqlstate('57014')],
    ['57P01', 'unavailable', sqlstate('57P01')],
    ['57P02', 'unavailable', sqlstate('57P02')],
    ['57P03', 'unavailable', sqlstate('57P03')],
    ['57P05', 'unavailable', sqlstate('57P05')],
    ['08', 'unavailable', sqlstate('08006')],
    ['53100', 'unavailable', sqlstate('53100')],
    ['53', 'transient', sqlstate('53300')],
    ['40', 'transient', sqlstate('40P01')],
    ['22', 'invalid', sqlstate('22P05')],
    ['23', 'invalid', sqlstate('23505')],
    ['21', 'invalid', sqlstate('21000')],
    ['54', 'invalid', sqlstate('54000')],
  ],
  errno: [
    ['ECONNREFUSED', 'unavailable', errno('ECONNREFUSED', 'connect')],
    ['ECONNRESET', 'unavailable', errno('ECONNRESET')],
    ['ECONNABORTED', 'unavailable', errno('ECONNABORTED')],
    ['ETIMEDOUT', 'unavailable', errno('ETIMEDOUT')],
    ['EPIPE', 'unavailable', errno('EPIPE')],
    ['ENOTFOUND', 'unavailable', errno('ENOTFOUND', 'getaddrinfo')],
    ['EAI_AGAIN', 'unavailable', errno('EAI_AGAIN', 'getaddrinfo')],
    ['EHOSTUNREACH', 'unavailable', errno('EHOSTUNREACH')],
    ['ENETUNREACH', 'unavailable', errno('ENETUNREACH')],
    ['connect ENOENT', 'unavailable', errno('ENOENT', 'connect')],
  ],
  kafkaAnswer: [
    ['MESSAGE_TOO_LARGE', 'invalid', answer('MESSAGE_TOO_LARGE')],
    ['RECORD_LIST_TOO_LARGE', 'invalid', answer('RECORD_LIST_TOO_LARGE')],
    ['INVALID_RECORD', 'invalid', answer('INVALID_RECORD')],
    // The protocol calls this error retriable.
    ['CORRUPT_MESSAGE', 'invalid', answer('CORRUPT_MESSAGE', true)],
    ['BROKER_NOT_AVAILABLE', 'unavailable', answer('BROKER_NOT_AVAILABLE')],
    ['NETWORK_EXCEPTION', 'unavailable', answer('NETWORK_EXCEPTION', true)],
    ['SASL_AUTHENTICATION_FAILED', 'unavailable', answer('SASL_AUTHENTICATION_FAILED')],
    ['UNSUPPORTED_SASL_MECHANISM', 'unavailable', answer('UNSUPPORTED_SASL_MECHANISM')],
    ['ILLEGAL_SASL_STATE', 'unavailable', answer('ILLEGAL_SASL_STATE')],
  ],
  kafkajs: [
    ['KafkaJSConnectionError', 'unavailable', new kafkajs.KafkaJSConnectionError('x')],
    ['KafkaJSConnectionClosedError', 'unavailable', named('KafkaJSConnectionClosedError')],
    ['KafkaJSRequestTimeoutError', 'unavailable', named('KafkaJSRequestTimeoutError')],
    ['KafkaJSLockTimeout', 'unavailable', named('KafkaJSLockTimeout')],
    ['KafkaJSSASLAuthenticationError', 'unavailable', named('KafkaJSSASLAuthenticationError')],
    ['KafkaJSNoBrokerAvailableError', 'unavailable', named('KafkaJSNoBrokerAvailableError')],
    ['KafkaJSNumberOfRetriesExceeded', 'unavailable', spent(new kafkajs.KafkaJSError('Closed connection'))],
  ],
  grpc: [
    ['1', 'unavailable', grpc(1)],
    ['4', 'unavailable', grpc(4)],
    ['14', 'unavailable', new ServiceError('x', { cause: grpc(14) })],
    ['16', 'unavailable', new ServiceError('x', { cause: grpc(16) })],
    ['7', 'unavailable', grpc(7)],
    ['8', 'transient', grpc(8)],
    ['10', 'transient', grpc(10)],
    ['3', 'invalid', grpc(3)],
  ],
};

describe('failure table', () => {
  for (const source of Object.keys(FAILURE_TABLE) as Source[]) {
    for (const [key, failureClass, error] of ROWS[source]) {
      it(`${source} ${key} is ${failureClass}`, () => {
        assert.equal(classify(error)?.failureClass, failureClass);
        assert.equal((FAILURE_TABLE[source] as Record<string, FailureClass>)[key], failureClass, 'by this row');
      });
    }

    it(`${source} has no row without a test`, () => {
      assert.deepEqual(Object.keys(FAILURE_TABLE[source]).sort(), ROWS[source].map(([key]) => key).sort());
    });
  }

  it('tells a refused login and a refused right from other failures', () => {
    const typed = (type: unknown) => Object.assign(new Error('x'), { type });
    const inside = (cause: Error) => new Error('outer', { cause });
    const client = errno('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    assert.deepEqual([client, inside(client), errno('CERT_HAS_EXPIRED')].map(isRefusedLogin), [true, true, false]);
    const right = typed('TOPIC_AUTHORIZATION_FAILED');
    assert.deepEqual([right, inside(right)].map(isRefusedRight), [true, true]);
    const others = [typed('_AUTHORIZATION_FAILED_X'), typed('MESSAGE_TOO_LARGE'), typed(7), new Error('x')];
    assert.deepEqual(others.map(isRefusedRight), [false, false, false, false]);
    assert.ok(!isRefusedRight(undefined));
  });

  it('knows nothing of other codes', () => {
    for (const error of [
      ...['42P01', 'XX000', '28P01'].map(sqlstate),
      errno('EWHATEVER'),
      errno('ENOENT', 'open'),
      grpc(13),
      Object.assign(new Error('x'), { code: 14 }),
      new TypeError('defect'),
      new Error('toString'),
      named('constructor'),
      'text',
      undefined,
    ]) {
      assert.equal(classify(error), undefined, String(error));
    }
  });

  it('takes nothing for a store’s that only looks like it', () => {
    const errorOf = (fields: object) => Object.assign(new Error('x'), fields);
    for (const fields of [
      { code: '14', details: 'x' },
      // A code that is a number is somebody else's.
      { code: 40_001 },
      ...['0800600', '08006x', 'x08006', '08', '8006'].map((code) => ({ code })),
      { errors: 7 },
    ]) {
      assert.equal(classify(errorOf(fields)), undefined, JSON.stringify(fields));
    }
    // Other libraries have a field `type` too, node-fetch for one.
    assert.equal(classify(errorOf({ type: 'system', code: 'ECONNRESET' }))?.failureClass, 'unavailable');
    assert.equal(classify(errorOf({ errors: 7, code: 'ECONNRESET' }))?.failureClass, 'unavailable');
  });

  it('calls what the protocol would retry transient, and any other answer of a broker unknown', () => {
    assert.equal(classify(answer('NOT_LEADER_FOR_PARTITION', true))?.failureClass, 'transient');
    assert.equal(classify(spent(answer('LEADER_NOT_AVAILABLE', true)))?.failureClass, 'transient');
    assert.equal(classify(spent(answer('TOPIC_AUTHORIZATION_FAILED')))?.failureClass, 'unknown');
  });

  describe('in what wraps an error', () => {
    it('finds the cause, and lets it decide over what is around it', () => {
      const cause = sqlstate('40P01');
      const found = classify(
        Object.assign(new Error('x', { cause: new Error('y', { cause }) }), { code: 'ECONNRESET' }),
      );
      assert.deepEqual(found, { failureClass: 'transient', error: cause });
    });

    it('finds the part of an aggregate, Node’s or kafkajs’s', () => {
      const part = errno('ECONNREFUSED');
      assert.equal(classify(new AggregateError([new Error('a'), part]))?.error, part);
      assert.equal(classify(Object.assign(new Error('x'), { errors: ['text', part] }))?.error, part);
    });

    it('leaves the decision to an EffectError', () => {
      const effect = new EffectError('transient', 'x', { cause: errno('ECONNREFUSED') });
      assert.equal(classify(new Error('y', { cause: effect }))?.error, effect);
    });

    it('does not go round in a loop', () => {
      const loop = new Error('x');
      loop.cause = new AggregateError([loop, loop]);
      assert.equal(classify(loop), undefined);
    });
  });

  it('knows a refused login by its code or name, wherever it stands among the causes', () => {
    const coded = (code: unknown) => Object.assign(new Error('m'), { code });
    for (const refused of [
      coded('28P01'),
      coded('28000'),
      grpc(16),
      grpc(7),
      named('KafkaJSSASLAuthenticationError'),
    ]) {
      assert.equal(isRefusedLogin(refused), true);
      assert.equal(isRefusedLogin(new Error('outer', { cause: refused })), true);
      assert.equal(isRefusedLogin(new AggregateError([new Error('another address'), refused])), true);
      const effect = new EffectError('unavailable', 'login refused', { cause: refused });
      assert.equal(isRefusedLogin(effect), true, 'a class says nothing of the login');
    }
    for (const other of [
      coded('08P01'),
      coded('28P015'),
      coded('x28P01'),
      coded(28001),
      coded(16),
      grpc(5),
      named('KafkaJSError'),
      '28P01',
    ]) {
      assert.equal(isRefusedLogin(other), false, String(other));
    }
    const loop = new Error('round');
    loop.cause = loop;
    assert.equal(isRefusedLogin(loop), false);
  });
});
