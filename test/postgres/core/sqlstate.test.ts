/** These tests check how the service reports PostgreSQL's failures. */
import assert from 'node:assert/strict';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { failedToConnect, isLockTimeout, poolIsBusy, toEffectError } from '../../../src/postgres/core/sqlstate.js';

const coded = (message: string, code: unknown): Error => Object.assign(new Error(message), { code });

describe('a failure of PostgreSQL', () => {
  const rows: [string, unknown, EffectError['failureClass'], string][] = [
    ['a deadlock', coded('deadlock detected', '40P01'), 'transient', 'PostgreSQL: deadlock detected (40P01)'],
    [
      'a right that is missing',
      coded('permission denied', '42501'),
      'unknown',
      'PostgreSQL: permission denied (42501); "bridge setup --print-roles" prints the rights of each role',
    ],
    ['a code that is no text', coded('odd', 7), 'unknown', 'PostgreSQL: odd'],
    ['a defect', new TypeError('x is undefined'), 'unknown', 'PostgreSQL: x is undefined'],
    ['an error without a message', new RangeError(''), 'unknown', 'PostgreSQL: RangeError'],
    ['what is no error', 'refused', 'unknown', 'PostgreSQL: refused'],
    [
      'a failure deep down',
      new Error('outer', { cause: coded('refused', 'ECONNREFUSED') }),
      'unavailable',
      'PostgreSQL: refused (ECONNREFUSED)',
    ],
  ];
  for (const [what, error, failureClass, message] of rows) {
    it(`${what} is ${failureClass}: ${message}`, () => {
      const effect = toEffectError(error);
      assert.deepEqual([effect.failureClass, effect.message, effect.store], [failureClass, message, 'postgres']);
      assert.equal(effect.cause, error);
    });
  }

  it('that is classified already stays what it is', () => {
    const one = new EffectError('invalid', 'as it is', { store: 'temporal' });
    assert.equal(toEffectError(one), one);
    assert.equal(toEffectError(new Error('outer', { cause: one })), one);
  });

  const connecting: [string, unknown, EffectError['failureClass'], string][] = [
    [
      'a database that accepts nobody',
      coded('not accepting', '55000'),
      'unavailable',
      'cannot connect: not accepting (55000)',
    ],
    [
      'a rotated password',
      coded('password', '28P01'),
      'unavailable',
      'db:5432 refuses the password of user me (DATABASE_URL)',
    ],
    [
      'a role that may not log in',
      coded('no pg_hba entry', '28000'),
      'unavailable',
      'db:5432 does not let user me log in (DATABASE_URL; PGSSLMODE where it asks for TLS): no pg_hba entry',
    ],
    [
      'a database that is not there',
      coded('no database', '3D000'),
      'unavailable',
      'db:5432 has no database bridge (DATABASE_URL); "bridge setup" creates it',
    ],
    ['a wrong option', coded('bad', '22023'), 'unavailable', 'cannot connect: bad (22023)'],
    ['an internal error', coded('odd', 'XX000'), 'unavailable', 'cannot connect: odd (XX000)'],
    ['a broken disk', coded('io', '58030'), 'unavailable', 'cannot connect: io (58030)'],
    ['no more files', coded('open', 'EMFILE'), 'unavailable', 'cannot connect: open (EMFILE)'],
    ['another protocol', coded('wrong version', 'EPROTO'), 'unavailable', 'db:5432 does not speak TLS (PGSSLMODE)'],
    [
      'a certificate',
      coded('expired', 'CERT_HAS_EXPIRED'),
      'unavailable',
      'the certificate of db:5432, or of its authority (PGSSLROOTCERT), has expired or is not valid yet',
    ],
    ['an error without a code', new Error('no SSL'), 'unavailable', 'cannot connect: no SSL'],
    ['too many connections', coded('sorry', '53300'), 'transient', 'sorry (53300)'],
  ];
  for (const [what, error, failureClass, message] of connecting) {
    it(`of connecting, ${what}, is ${failureClass}: ${message}`, () => {
      const effect = failedToConnect({ url: 'postgres://me@db/bridge' }, error);
      assert.deepEqual([effect.failureClass, effect.message], [failureClass, `PostgreSQL: ${message}`]);
      assert.deepEqual([effect.cause, effect.store], [error, 'postgres']);
    });
  }

  it('of a lost connection is unavailable, unless the table knows the error better', () => {
    const loss = new Error('the server went');
    const lost = toEffectError(new Error('not queryable'), loss);
    assert.deepEqual(
      [lost.failureClass, lost.message, lost.store],
      ['unavailable', 'PostgreSQL: connection lost: the server went', 'postgres'],
    );
    assert.equal(toEffectError(new Error('not queryable')).failureClass, 'unknown');
    const deadlock = toEffectError(coded('deadlock detected', '40P01'), loss);
    assert.deepEqual([deadlock.failureClass, deadlock.message], ['transient', 'PostgreSQL: deadlock detected (40P01)']);
  });

  it('of a full pool is transient, and says how many connections are busy', () => {
    const cause = new Error('timeout exceeded');
    const busy = poolIsBusy(25, cause);
    assert.deepEqual(
      [busy.failureClass, busy.message, busy.store, busy.cause],
      ['transient', 'PostgreSQL: all 25 connections are busy', 'postgres', cause],
    );
  });

  it('is a lock time-out by its code alone', () => {
    const of = (cause: unknown) => isLockTimeout(new EffectError('transient', 'm', { cause }));
    assert.deepEqual([coded('m', '55P03'), coded('m', '57014'), new Error('55P03'), { code: '55P03' }].map(of), [
      true,
      false,
      false,
      false,
    ]);
  });
});
