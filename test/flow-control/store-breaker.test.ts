import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { CircuitState } from 'cockatiel';
import { groupCommit } from '../../src/flow-control/group-commit.js';
import {
  type BreakerOptions,
  type BreakerState,
  createStoreBreaker,
  type StoreBreaker,
} from '../../src/flow-control/store-breaker.js';
import { CountingBreaker } from '../../src/flow-control/counting-breaker.js';
import { EffectError, type FailureClass } from '../../src/domain/failures/failure.js';
import { until } from '../../src/flow-control/until.js';

describe('circuit breaker', () => {
  let breaker: StoreBreaker;
  let changes: BreakerState[];
  let refusals: number;
  let reason: Error | undefined;
  beforeEach(() => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
    changes = [];
    refusals = 0;
    breaker = breakerOf({});
  });
  afterEach(() => mock.timers.reset());
  const breakerOf = (options: Partial<BreakerOptions>) =>
    createStoreBreaker(
      {
        store: 'postgres',
        title: 'PostgreSQL',
        failures: 5,
        windowMs: 30_000,
        openMs: 60_000,
        probeMs: 10_000,
        ...options,
      },
      {
        changed: (state, why) => {
          changes.push(state);
          reason = why ?? reason;
        },
        refused: () => (refusals += 1),
        failed: () => undefined,
      },
    );

  const failing = (failureClass: FailureClass = 'unavailable') =>
    assert.rejects(
      breaker.call(() => Promise.reject(new EffectError(failureClass, 'down'))),
      { message: 'down' },
    );
  const fail = async (times: number, failureClass?: FailureClass) => {
    for (let time = 0; time < times; time += 1) await failing(failureClass);
  };
  const succeed = () => breaker.call(() => Promise.resolve('done'));
  const isRefused = async (retryAfterMs: number) => {
    const before = refusals;
    await assert.rejects(
      breaker.call(() => assert.fail('the store was asked')),
      { name: 'EffectError', failureClass: 'unavailable', store: 'postgres', retryAfterMs },
    );
    assert.equal(refusals, before + 1);
  };
  /** Makes a call whose end the test decides later. */
  const pending = () => {
    const { promise, resolve, reject } = deferred();
    return { call: breaker.call(() => promise), resolve, reject };
  };
  const deferred = () => {
    let resolve!: (value: string) => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<string>((yes, no) => ([resolve, reject] = [yes, no]));
    return { promise, resolve, reject };
  };

  it('opens at the fifth failure within 30 s, and refuses for 60 s', async () => {
    await fail(4);
    assert.equal(breaker.state, 'closed');
    await fail(1);
    assert.equal(breaker.state, 'open');
    await isRefused(60_000);
    mock.timers.tick(59_999);
    await isRefused(1);
    assert.deepEqual(changes, ['open']);
  });

  it('says what opened it', async () => {
    await fail(5);
    await assert.rejects(succeed(), {
      message: 'PostgreSQL: circuit breaker open for another 60000 ms; opened by: down',
      cause: reason,
    });
    assert.ok(reason !== undefined);
  });

  it('forgets failures that are older than 30 s, and none of those within for a success', async () => {
    await fail(4);
    mock.timers.tick(30_000);
    await fail(4);
    await succeed();
    assert.equal(breaker.state, 'closed');
    await fail(1);
    assert.equal(breaker.state, 'open');
  });

  it('counts nothing but class unavailable', async () => {
    for (const failureClass of ['invalid', 'transient', 'unknown'] as const) await fail(10, failureClass);
    await assert.rejects(
      breaker.call(() => Promise.reject(new TypeError('defect'))),
      TypeError,
    );
    assert.equal(breaker.state, 'closed');
  });

  it('counts one failed transaction once, however many callers shared it', async () => {
    let runs = 0;
    const write = groupCommit<number, number>(
      () => {
        runs += 1;
        return Promise.reject(new EffectError('unavailable', 'down'));
      },
      { maxInFlight: 1 },
    );
    const shared = async () => {
      const callers = Array.from({ length: 20 }, (_, index) => breaker.call(() => write([index])));
      const settled = await Promise.allSettled(callers);
      assert.ok(settled.every(({ status }) => status === 'rejected'));
    };
    for (let time = 0; time < 4; time += 1) await shared();
    assert.deepEqual([runs, breaker.state], [4, 'closed']);
    await shared();
    assert.equal(breaker.state, 'open');
  });

  it('lets one probe through and refuses the others until it has answered', async () => {
    await fail(5);
    mock.timers.tick(60_000);
    assert.equal(breaker.state, 'half-open');
    const probe = pending();
    await isRefused(10_000);
    mock.timers.tick(9_000);
    await isRefused(1_000);
    probe.resolve('done');
    assert.equal(await probe.call, 'done');
    assert.equal(breaker.state, 'closed');
    assert.equal(await succeed(), 'done');
    assert.deepEqual(changes, ['open', 'half-open', 'closed']);
  });

  it('opens again for 60 s when the probe fails, and counts from the start once closed', async () => {
    await fail(5);
    mock.timers.tick(60_000);
    await fail(1);
    await isRefused(60_000);
    mock.timers.tick(60_000);
    await succeed();
    await fail(4);
    assert.equal(breaker.state, 'closed');
    assert.deepEqual(changes, ['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  it('counts from the start also where the window is longer than it was open', async () => {
    breaker = breakerOf({ openMs: 1_000 });
    await fail(5);
    mock.timers.tick(1_000);
    await succeed();
    await fail(4);
    assert.equal(breaker.state, 'closed');
  });

  it('takes any other failure of a probe for an answer', async () => {
    await fail(5);
    mock.timers.tick(60_000);
    await fail(1, 'transient');
    assert.equal(breaker.state, 'closed');
  });

  it('counts a probe without an answer within 10 s as failed, and still hands its caller the answer', async () => {
    await fail(5);
    mock.timers.tick(60_000);
    const probe = pending();
    mock.timers.tick(10_000);
    await new Promise(setImmediate);
    await isRefused(60_000);
    probe.resolve('late');
    assert.equal(await probe.call, 'late');
    assert.equal(breaker.state, 'open');
    const why = "PostgreSQL: no answer to the circuit breaker's probe within 10000 ms";
    await assert.rejects(succeed(), {
      message: `PostgreSQL: circuit breaker open for another 60000 ms; opened by: ${why}`,
    });
    assert.ok(reason instanceof EffectError && reason.failureClass === 'unavailable');
  });

  it('leaves no timer behind for a probe that was answered, which would keep a worker from ending', async () => {
    mock.timers.reset();
    breaker = breakerOf({ openMs: 1, probeMs: 60_000 });
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    await fail(5);
    await until(5_000, () => {
      assert.equal(breaker.state, 'half-open');
      return Promise.resolve();
    });
    const before = timers();
    await succeed();
    assert.equal(breaker.state, 'closed');
    assert.ok(timers() <= before, `${before} timers, then ${timers()}`);
  });

  it('tells its callers how long they have to wait', async () => {
    assert.equal(breaker.retryAfterMs, 0);
    await fail(5);
    assert.equal(breaker.retryAfterMs, 60_000);
    mock.timers.tick(59_000);
    assert.equal(breaker.retryAfterMs, 1_000);
    mock.timers.tick(1_000);
    assert.equal(breaker.retryAfterMs, 0);
  });

  it('does not believe calls that began before it opened', async () => {
    const old = Array.from({ length: 6 }, pending);
    await fail(5);
    mock.timers.tick(60_000);
    const probe = pending();
    for (const { call, reject } of old.slice(0, 1)) {
      reject(new EffectError('unavailable', 'down'));
      await assert.rejects(call);
    }
    assert.equal(breaker.state, 'half-open');
    probe.resolve('done');
    await probe.call;
    for (const { call, reject } of old.slice(1)) {
      reject(new EffectError('unavailable', 'down'));
      await assert.rejects(call);
    }
    assert.equal(breaker.state, 'closed');
  });
});

describe('the counter of failures', () => {
  it('opens at once when the probe fails, however few failures there were', () => {
    const counter = new CountingBreaker(5, 1_000);
    assert.equal(counter.failure(CircuitState.Closed), false);
    assert.equal(counter.failure(CircuitState.HalfOpen), true);
  });
});
