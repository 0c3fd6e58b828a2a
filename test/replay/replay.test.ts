import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import * as workflows from '../../workflows/index.js';
import { replay } from '../support/replay.js';

const directory = new URL('histories/', import.meta.url);

interface History {
  readonly events: readonly {
    readonly workflowExecutionStartedEventAttributes?: {
      readonly workflowId?: string;
      readonly workflowType: { readonly name: string };
    };
  }[];
}

describe('golden histories', () => {
  it('are there of each workflow, and replay with today’s workflow code', async () => {
    const files = (await readdir(directory)).filter((file) => file.endsWith('.json'));
    const histories = await Promise.all(
      files.map(async (file) => {
        const history = JSON.parse(await readFile(new URL(file, directory), 'utf8')) as History;
        const started = history.events[0]?.workflowExecutionStartedEventAttributes;
        // The workflow id is the execution's own where it is known, because ids of children are made of it.
        return { workflowId: started?.workflowId ?? file, type: started?.workflowType.name, history };
      }),
    );
    // Each workflow has a history, because a gate that replays nothing guards nothing.
    assert.deepEqual([...new Set(histories.map(({ type }) => type))].sort(), Object.keys(workflows).sort());
    assert.equal(await replay(histories), files.length);
  });

  it('would notice changed workflow code', async () => {
    const file = JSON.parse(await readFile(new URL('completed.json', directory), 'utf8')) as {
      events: Record<string, unknown>[];
    };
    const text = JSON.stringify(file).replaceAll('"persistStates"', '"somethingElse"');
    await assert.rejects(
      replay([{ workflowId: 'changed', history: JSON.parse(text) as unknown }]),
      /changed: .*somethingElse|nondeterminism|Nondeterminism/is,
    );
  });
});
