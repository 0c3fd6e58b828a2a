/** Which lists are asked about: all of them, in questions the service takes, and again until nothing is left. */
import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { VerdictQuestions } from '../../src/client/verdict-questions.js';
import type { FoundVerdicts } from '../../src/domain/intake/slice.js';
import type { Verdict } from '../../src/domain/intake/list.js';

describe('questions about verdicts', () => {
  function service(answer: (ids: readonly string[]) => FoundVerdicts | Error) {
    const questions: (readonly string[])[] = [];
    const heard: string[] = [];
    const client = {
      withAbortSignal: (_signal: AbortSignal, call: () => unknown) => call(),
      workflow: {
        execute: (_name: string, { args }: { args: [{ event_ids: readonly string[] }] }) => {
          questions.push(args[0].event_ids);
          const found = answer(args[0].event_ids);
          return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
        },
      },
    } as unknown as Client;
    const asking = new VerdictQuestions(client, 'queue', ({ event_id }) => heard.push(event_id));
    return { questions, heard, asking };
  }
  const verdict = (event_id: string) => ({ event_id }) as Verdict;
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `list ${n}`);

  it('go together, at most 500 lists each, and leave none out', async () => {
    const { questions, heard, asking } = service((asked) => ({ verdicts: asked.map(verdict), left: [] }));
    const answered = await Promise.all(ids(1_001).map((id) => asking.ask(id)));
    assert.ok(answered.every(Boolean));
    assert.deepEqual(
      questions.map(({ length }) => length),
      [500, 500, 1],
    );
    assert.deepEqual([...heard].sort(), ids(1_001).sort());
  });

  it('are asked again for what one answer did not hold', async () => {
    const { questions, heard, asking } = service((asked) => ({
      verdicts: asked.slice(0, 2).map(verdict),
      left: asked.slice(2),
    }));
    await Promise.all(ids(5).map((id) => asking.ask(id)));
    assert.deepEqual(questions, [ids(5), ids(5).slice(2), ids(5).slice(4)]);
    assert.deepEqual(heard, ids(5));
  });

  it('say that nobody answered, and are asked anew by the next one', async () => {
    let away = true;
    const { questions, heard, asking } = service((asked) =>
      away ? new Error('no worker') : { verdicts: asked.map(verdict), left: [] },
    );
    assert.equal(await asking.ask('a'), false);
    away = false;
    assert.equal(await asking.ask('b'), true);
    assert.deepEqual([questions, heard], [[['a'], ['b']], ['b']]);
  });

  it('are answered although the service has nothing, and end when it is closed', async () => {
    const { questions, asking } = service(() => ({ verdicts: [], left: [] }));
    assert.equal(await asking.ask('a'), true);
    asking.close();
    assert.equal(await asking.ask('b'), false);
    assert.equal(questions.length, 1);
  });
});
