/** PostgreSQL's failures as the service tells them. */
import assert from 'node:assert/strict';
import { EffectError } from '../../../src/domain/failures/failure.js';
import { isLockTimeout, toEffectError } from '../../../src/postgres/core/sqlstate.js';

const coded = (message: string, code: unknown): Error => Object.assign(new Error(message), { code });

describe('a failure of PostgreSQL', () => {
  const rows: [string, unknown, EffectError['failureClass'], string][] = [
    ['a deadlock', coded('deadlock detected', '40P01'), 'transient', 'PostgreSQL: deadlock detected (40P01)'],
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
