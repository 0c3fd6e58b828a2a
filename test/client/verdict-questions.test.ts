/**
 * These tests check what one question asks for. It asks for all the lists it is given, in parts the service takes,
 * until nothing is left.
 */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mock } from 'node:test';
import type { Client } from '@temporalio/client';
import { VerdictQuestions } from '../../src/client/verdict-questions.js';
import type { FoundVerdicts } from '../../src/domain/intake/slice.js';
import type { Verdict } from '../../src/domain/intake/list.js';

describe('questions about verdicts', () => {
  afterEach(() => mock.timers.reset());

  /** Makes a service. Its client listens to the signal of a request as Temporal's does, and never stops listening. */
  function service(answer: (ids: readonly string[]) => FoundVerdicts | Error | Promise<FoundVerdicts>) {
    const questions: (readonly string[])[] = [];
    const signals = new Set<AbortSignal>();
    const heard: string[] = [];
    let current: AbortSignal | undefined;
    const client = {
      withDeadline: (_deadline: number, call: () => unknown) => call(),
      withAbortSignal(signal: AbortSignal, call: () => unknown) {
        signals.add(signal);
        current = signal;
        return call();
      },
      workflow: {
        execute: (_name: string, { args }: { args: [{ event_ids: readonly string[] }] }) => {
          questions.push(args[0].event_ids);
          const signal = current;
          const aborted = new Promise<never>((_, reject) => {
            for (let request = 0; request < 3; request += 1) {
              signal?.addEventListener('abort', () => reject(new Error('cancelled')));
            }
          });
          const found = answer(args[0].event_ids);
          return found instanceof Error ? Promise.reject(found) : Promise.race([found, aborted]);
        },
      },
    } as unknown as Client;
    const asking = new VerdictQuestions(client, 'queue');
    const ask = (ids: readonly string[]) => asking.ask(ids, ({ event_id }) => heard.push(event_id));
    return { questions, signals, heard, asking, ask };
  }
  const verdict = (event_id: string) => ({ event_id }) as Verdict;
  const all = (asked: readonly string[]): FoundVerdicts => ({ verdicts: asked.map(verdict), left: [] });
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `list ${n}`);
  const never = () => new Promise<FoundVerdicts>(() => undefined);

  it('hold at most 500 lists each, and leave none out', async () => {
    const { questions, heard, ask } = service(all);
    await ask(ids(1_001));
    assert.deepEqual(
      questions.map(({ length }) => length),
      [500, 500, 1],
    );
    assert.deepEqual([...heard].sort(), ids(1_001).sort());
  });

  it('are asked again for what one answer did not hold', async () => {
    const { questions, heard, ask } = service((asked) => ({
      verdicts: asked.slice(0, 2).map(verdict),
      left: asked.slice(2),
    }));
    await ask(ids(5));
    assert.deepEqual(questions, [ids(5), ids(5).slice(2), ids(5).slice(4)]);
    assert.deepEqual(heard, ids(5));
  });

  it('tell what was found although another of them failed, and that it failed', async () => {
    const { heard, ask } = service((asked) => (asked.length === 500 ? all(asked) : new Error('no worker')));
    await assert.rejects(ask(ids(501)), /no worker/);
    assert.deepEqual(heard, ids(500));
  });

  it('end together: one that failed waits for the others', async () => {
    let open: (found: FoundVerdicts) => void = () => undefined;
    const slow = new Promise<FoundVerdicts>((resolve) => (open = resolve));
    const { heard, ask } = service((asked) => (asked.length === 500 ? new Error('no worker') : slow));
    let isOver = false;
    const asking = assert.rejects(ask(ids(501)), /no worker/).finally(() => (isOver = true));
    await new Promise(setImmediate);
    assert.equal(isOver, false);
    open(all(['list 500']));
    await asking;
    assert.deepEqual(heard, ['list 500']);
  });

  it('are not asked for the rest when they are closed between two answers', async () => {
    const { questions, asking, ask } = service((asked) => {
      asking.close();
      return { verdicts: [], left: asked };
    });
    await assert.rejects(ask(['list']), /the client was closed/);
    assert.equal(questions.length, 1);
  });

  it('end after ten seconds without an answer, and when they are closed', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { asking, ask } = service(never);
    const slow = assert.rejects(ask(['slow']), /cancelled/);
    mock.timers.tick(10_000);
    await slow;
    const open = assert.rejects(ask(['open']), /cancelled/);
    asking.close();
    await open;
  });

  it('leave no signal with more than their own listeners, and none that is still theirs', async () => {
    const { signals, asking, ask } = service(all);
    for (let round = 0; round < 20; round += 1) await ask(ids(1_001));
    const listeners = [...signals].map((signal) => getEventListeners(signal, 'abort').length);
    assert.deepEqual([listeners.length, Math.max(...listeners)], [60, 3]);
    asking.close();
    assert.ok([...signals].every(({ aborted }) => !aborted));
  });
});
