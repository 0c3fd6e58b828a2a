/** These tests check that every time-out ends before the one around it, under every setting that is allowed. */
import assert from 'node:assert/strict';
import { timeSettings, loadConfig } from '../../src/config.js';
import {
  ENDING_MS,
  fits,
  insideMs,
  nestingsOf,
  publishMs,
  STORE_ATTEMPT_MS,
  supervisorMs,
  type TimeSettings,
  transactionMs,
  workMs,
} from '../../src/domain/time-outs.js';

const DEFAULTS = timeSettings(loadConfig({}));

/** The limits of the settings: the connection and the statement of PostgreSQL share what an attempt has. */
const LIMITS: readonly TimeSettings[] = [
  { checkoutMs: 60_000, statementMs: 20_000, requestMs: 35_000, shutdownMs: 600_000 },
  { checkoutMs: 5_000, statementMs: 75_000, requestMs: 35_000, shutdownMs: 600_000 },
  { checkoutMs: 100, statementMs: 75_000, requestMs: 1, shutdownMs: 1 },
];

const named = (settings: TimeSettings) =>
  nestingsOf(settings).map((nesting) => {
    const [name, ms] = nesting.around;
    const inside = nesting.inside.map(([part]) => part.replace(/ \(.*/, ''));
    return { nesting, name: name.replace(/ \(.*/, ''), ms, inside };
  });

describe('time-outs', () => {
  it('are those of the settings, in milliseconds', () => {
    assert.deepEqual(DEFAULTS, { checkoutMs: 5_000, statementMs: 60_000, requestMs: 30_000, shutdownMs: 30_000 });
    assert.equal(transactionMs(DEFAULTS), 65_000);
    assert.equal(publishMs(DEFAULTS), 65_000);
    assert.equal(workMs(STORE_ATTEMPT_MS), STORE_ATTEMPT_MS - ENDING_MS);
    assert.equal(supervisorMs(DEFAULTS), 65_000);
  });

  for (const { nesting, name, inside } of named(DEFAULTS)) {
    it(`fit: ${inside.join(', ')} in ${name}`, () => {
      assert.ok(fits(nesting), `${insideMs(nesting)} ms in ${nesting.around[1]} ms`);
    });
  }

  for (const [index, settings] of LIMITS.entries()) {
    it(`fit at limits of the settings (${index + 1})`, () => {
      loadConfig({
        PG_CHECKOUT_TIMEOUT_MS: String(settings.checkoutMs),
        PG_STATEMENT_TIMEOUT_MS: String(settings.statementMs),
        KAFKA_TIMEOUT_SECONDS: String(settings.requestMs / 1_000),
        SHUTDOWN_GRACE_SECONDS: String(settings.shutdownMs / 1_000),
      });
      assert.deepEqual(
        nestingsOf(settings).filter((nesting) => !fits(nesting)),
        [],
      );
    });
  }

  it('do not fit when they take a millisecond more together', () => {
    const unfit = (settings: Partial<TimeSettings>) =>
      named({ ...DEFAULTS, ...settings })
        .filter(({ nesting }) => !fits(nesting))
        .map(({ inside, name }) => `${inside.join(', ')} in ${name}`);
    assert.deepEqual(unfit({ checkoutMs: 20_001 }), [
      'wait for a connection, transaction in work of an attempt at one store',
    ]);
    assert.deepEqual(unfit({ requestMs: 40_001 }), [
      'publish in work of an attempt at one store',
      'wait for another redrive, publish, rows in transaction of a redrive',
    ]);
    assert.deepEqual(unfit({ checkoutMs: 80_001, statementMs: 0 }), [
      'wait for a connection, transaction in work of an attempt at one store',
      'wait for a connection, transaction of a redrive in work of an attempt at two stores',
    ]);
    assert.deepEqual(unfit({ checkoutMs: 45_001 }), [
      'wait for a connection, transaction in work of an attempt at one store',
      'wait for a connection, transaction, publish in work of an attempt at two stores',
    ]);
  });

  it('are all in the table, with their milliseconds', () => {
    assert.deepEqual(
      named(DEFAULTS).map(({ nesting, name, ms }) => [name, insideMs(nesting), ms]),
      [
        ['transaction', 60_000, 65_000],
        ['work of an attempt at one store', 70_000, 85_000],
        ['work of an attempt at one store', 65_000, 85_000],
        ['attempt at one store', 90_000, 90_000],
        ['transaction of a redrive', 85_000, 95_000],
        ['work of an attempt at two stores', 100_000, 175_000],
        ['work of an attempt at two stores', 135_000, 175_000],
        ['attempt at two stores', 180_000, 180_000],
        ['heartbeat time-out', 15_000, 20_000],
        ['pause before an execution is swept', 120_000, 120_000],
        ['planning', 9_000, 10_000],
        ['search for verdicts', 4_500, 8_000],
        ["client's question for verdicts", 8_000, 10_000],
        ['session of the consumer group', 9_000, 30_000],
        ['silence of a consumer that is built anew', 60_000, 90_000],
        ['stop of a process, as its supervisor waits', 60_000, 65_000],
      ],
    );
  });
});
