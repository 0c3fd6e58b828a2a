/**
 * These tests check when the service is asked for verdicts. It is asked soon after a caller came, seldom while nothing
 * happens, and once for all who wait.
 */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { AwaitedVerdicts } from '../../src/client/awaited-verdicts.js';
import { ClosedError, ResultTimeoutError } from '../../src/client/errors.js';
import type { Verdict } from '../../src/domain/intake/list.js';

const STEP_MS = 10;

describe('awaited verdicts', () => {
  let now = 0;
  beforeEach(() => {
    now = 1_000;
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(performance, 'now', () => now);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  /** Lets time pass, so that whatever waits for nothing else goes on. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      now += STEP_MS;
      mock.timers.tick(STEP_MS);
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    }
  }
  /** Makes a service that has the verdicts of `stored`; `answer` says how it answers. */
  function setUp() {
    const stored = new Set<string>();
    const asked: { readonly at: number; readonly ids: readonly string[] }[] = [];
    const service = { answer: (): Promise<void> => Promise.resolve(), closed: false };
    const verdicts = new AwaitedVerdicts({
      async ask(ids, onVerdict) {
        asked.push({ at: now - 1_000, ids });
        const found = ids.filter((id) => stored.has(id));
        await service.answer();
        for (const event_id of found) onVerdict({ event_id } as Verdict);
      },
      close: () => (service.closed = true),
    });
    const told: string[] = [];
    const wait = (eventId: string, timeoutMs = 600_000): void => {
      verdicts.result(eventId, timeoutMs).then(
        ({ event_id }) => told.push(event_id),
        (error: unknown) => told.push((error as Error).message),
      );
    };
    return { stored, asked, service, verdicts, told, wait };
  }
  /** Asks for a list whose verdict the service has; `after` is that of the run that the caller knows. */
  async function later(verdict: Partial<Verdict>, after: Pick<Verdict, 'rerun_at'> | undefined): Promise<string> {
    const stored = { event_id: 'a', outcome: 'partial', ...verdict } as Verdict;
    const verdicts = new AwaitedVerdicts({
      ask: (_ids, onVerdict) => {
        onVerdict(stored);
        return Promise.resolve();
      },
      close: () => undefined,
    });
    const told = verdicts.result('a', 1_000, after).then(
      ({ outcome, rerun_at = 'first' }) => `${outcome} ${rerun_at}`,
      (error: unknown) => (error as Error).name,
    );
    await pass(3_000);
    return told;
  }

  it('are waited for as long as a timer can, when the time has no end', async () => {
    const { stored, told, wait } = setUp();
    wait('a', Infinity);
    stored.add('a');
    await pass(2_000);
    assert.deepEqual(told, ['a']);
  });

  it('of a later run are waited for by who knows an earlier one, unless there can be none', async () => {
    assert.equal(await later({}, undefined), 'partial first');
    assert.equal(await later({}, {}), 'ResultTimeoutError');
    assert.equal(await later({ rerun_at: 't' }, {}), 'partial t');
    assert.equal(await later({ rerun_at: 't' }, { rerun_at: 't' }), 'ResultTimeoutError');
    assert.equal(await later({ rerun_at: 'u' }, { rerun_at: 't' }), 'partial u');
    assert.equal(await later({ outcome: 'completed' }, {}), 'completed first');
    assert.equal(await later({ outcome: 'failed', error: 'too large' }, {}), 'failed first');
  });

  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const gaps = (times: readonly number[]) => times.slice(1).map((time, n) => time - (times[n] ?? 0));

  it('of 50 callers are asked for in one question', async () => {
    const { stored, asked, told, wait } = setUp();
    const ids = Array.from({ length: 50 }, (_, n) => `list ${n}`);
    for (const id of ids) {
      stored.add(id);
      wait(id);
      if (ids.indexOf(id) % 10 === 0) await pass(STEP_MS);
    }
    await pass(100);
    assert.deepEqual([asked.length, told], [1, ids]);
    await pass(10_000);
    assert.equal(asked.length, 1, 'nobody waits any more');
  });

  it('arrive within a second, however long the list takes, and by few questions', async () => {
    const { stored, asked, told, wait } = setUp();
    wait('slow');
    await pass(20_000);
    const times = asked.map(({ at }) => at);
    assert.deepEqual(times.slice(0, 5), [100, 200, 400, 800, 1_600]);
    assert.deepEqual(new Set(gaps(times.slice(4))), new Set([1_000]));
    stored.add('slow');
    await pass(1_000);
    assert.deepEqual(told, ['slow']);
  });

  for (const ms of [50, 100, 200, 300]) {
    it(`arrive within a second where an answer takes ${ms} ms, however long the list takes`, async () => {
      const { stored, asked, service, told, wait } = setUp();
      service.answer = () => sleep(ms);
      wait('slow');
      await pass(20_000);
      // The verdict is stored just after a question began, so that the next one has it.
      while (asked.at(-1)?.at !== now - 1_000) await pass(STEP_MS);
      stored.add('slow');
      await pass(1_000);
      assert.deepEqual(told, ['slow']);
    });
  }

  it('are asked for soon after a caller came, whoever else waits', async () => {
    const { stored, asked, told, wait } = setUp();
    wait('slow');
    await pass(10_050);
    stored.add('quick');
    wait('quick');
    await pass(100);
    assert.deepEqual([asked.at(-1)?.ids, told], [['slow', 'quick'], ['quick']]);
  });

  it('leave the service twice as long as its answer took, whoever comes, and three seconds at most', async () => {
    const { asked, service, wait } = setUp();
    service.answer = () => sleep(200);
    for (let n = 0; n < 40; n += 1) {
      wait(`list ${n}`);
      await pass(50);
    }
    assert.deepEqual(new Set(gaps(asked.map(({ at }) => at))), new Set([600]));
    service.answer = () => sleep(2_000);
    await pass(20_000);
    assert.equal(gaps(asked.map(({ at }) => at)).at(-1), 5_000);
  });

  it('are asked for again after a question that failed', async () => {
    const { stored, service, told, wait } = setUp();
    stored.add('list');
    service.answer = () => Promise.reject(new Error('no worker'));
    wait('list');
    await pass(300);
    assert.deepEqual(told, []);
    service.answer = () => Promise.resolve();
    await pass(1_000);
    assert.deepEqual(told, ['list']);
  });

  it('are asked for before a caller gives up, however short its time; the others wait on', async () => {
    const { stored, told, wait } = setUp();
    stored.add('stored');
    for (const id of ['stored', 'running']) wait(id, 10);
    wait('running');
    await pass(30);
    assert.deepEqual(told, ['stored', 'running: no result within 10 ms; it may still come']);
    stored.add('running');
    await pass(200);
    assert.equal(told.at(-1), 'running');
  });

  it('are asked for by a question of its own when a caller came after the open one', async () => {
    const { stored, service, told, wait } = setUp();
    service.answer = () => sleep(500);
    wait('list');
    await pass(150);
    stored.add('list');
    wait('list', 10);
    await pass(900);
    assert.deepEqual(told, []);
    await pass(200);
    assert.deepEqual(told, ['list', 'list']);
  });

  it('are asked for once more, and given up then, when the question that was open hangs', async () => {
    const { asked, service, told, wait } = setUp();
    service.answer = () => sleep(10_000);
    wait('first');
    await pass(150);
    wait('second', 10);
    await pass(10_000);
    assert.deepEqual([asked.map(({ ids }) => ids), told], [[['first'], ['first', 'second']], []]);
    await pass(5_000);
    assert.deepEqual(told, ['second: no result within 10 ms; it may still come']);
  });

  it('say why the question before failed when the last one hangs', async () => {
    const { service, told, wait } = setUp();
    service.answer = () => Promise.reject(new Error('refused'));
    wait('list', 2_000);
    await pass(1_000);
    service.answer = () => sleep(10_000);
    await pass(6_500);
    assert.deepEqual(told, [
      'list: no result within 2000 ms; it may still come; the service could not be asked: refused',
    ]);
  });

  it('are given up five seconds after the time when nobody answers, and say why', async () => {
    const { service, told, wait } = setUp();
    service.answer = () => sleep(60_000);
    wait('hangs', 1_000);
    await pass(5_990);
    assert.deepEqual(told, []);
    await pass(10);
    assert.deepEqual(told, ['hangs: no result within 1000 ms; it may still come']);
    const refusing = setUp();
    refusing.service.answer = () => Promise.reject(new Error('refused'));
    const error: unknown = await Promise.all([refusing.verdicts.result('list', 10), pass(50)]).catch(
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof ResultTimeoutError);
    assert.equal(
      error.message,
      'list: no result within 10 ms; it may still come; the service could not be asked: refused',
    );
    assert.equal((error.cause as Error).message, 'refused');
  });

  it('end with the client: who waits gets an error, and nobody asks any more', async () => {
    const { asked, service, verdicts, told, wait } = setUp();
    for (const id of ['one', 'one', 'two']) wait(id);
    await pass(100);
    verdicts.close();
    await pass(5_000);
    assert.deepEqual([told.length, asked.length, service.closed], [3, 1, true]);
    assert.ok(told.every((message) => message.includes('was closed before the result came')));
    await assert.rejects(verdicts.result('late', 10), ClosedError);
  });
});
