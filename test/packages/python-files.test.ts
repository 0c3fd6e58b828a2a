/** These tests check what the Python client has of ours: its models are those of the contract, its ids are our ids. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type PartitionMetadata, Partitioners } from 'kafkajs';
import { pythonFiles } from '../../scripts/python/files.js';
import { COMMAND } from '../../scripts/docs/pages.js';
import { readList } from '../../src/client/start-execution.js';
import type { RequestInput } from '../../src/domain/execution/request.js';
import { summaryOf } from '../../src/domain/execution/summary.js';
import { emittedId } from '../../src/domain/values/ids.js';

interface Vector {
  readonly request: RequestInput;
  readonly sha256: string;
  readonly event_id: string;
  readonly summary: string;
  /** The partition of the message by the number of partitions of its topic. */
  readonly partitions: Readonly<Record<string, number>>;
}

describe('the Python client', () => {
  it('has the models that the contract says', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { readonly version: string };
    for (const [path, text] of Object.entries(await pythonFiles(version)))
      assert.ok((await readFile(path, 'utf8')) === text, `${path} is stale: run \`${COMMAND}\``);
  });

  it('has golden ids that are those of the TypeScript client', async () => {
    const text = await readFile('clients/python/tests/vectors.json', 'utf8');
    const partition = Partitioners.DefaultPartitioner();
    for (const { request, ...expected } of JSON.parse(text) as readonly Vector[]) {
      const { input, hash, requestId } = readList(request);
      const { intents, options } = input;
      const key = input.correlation_id ?? requestId;
      const partitionOf = (count: number): number =>
        partition({
          topic: '',
          partitionMetadata: Array.from({ length: count }, (_, partitionId) => ({ partitionId }) as PartitionMetadata),
          message: { key: Buffer.from(key), value: null },
        });
      assert.deepEqual(expected, {
        sha256: hash,
        event_id: emittedId({ intents, request_id: requestId, options }),
        summary: summaryOf(intents),
        partitions: Object.fromEntries([3, 12].map((count) => [count, partitionOf(count)])),
      });
    }
  });
});
