/** These tests check the files of the contract: they are as the code is now, and valid documents of their kinds. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { contractFiles, SCHEMAS } from '../../scripts/contract/files.js';
import { figuresOf } from '../../scripts/contract/figures.js';
import { COMMAND } from '../../scripts/docs/pages.js';

const require = createRequire(import.meta.url);

interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly messages: object }>>;
  readonly operations: Readonly<Record<string, { readonly channel: { readonly $ref: string } }>>;
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload?: { schema: { $ref: string } } }>> };
}

describe('a file of the contract', () => {
  it('is what the code says', async () => {
    const made = await contractFiles();
    for (const [path, text] of Object.entries(made)) {
      const stored = await readFile(path, 'utf8').catch(() => '');
      assert.ok(stored === text, `${path} is stale: run \`${COMMAND}\``);
    }
    const stored = (await readdir(SCHEMAS)).map((name) => `${SCHEMAS}/${name}`);
    assert.deepEqual(
      stored.filter((path) => !(path in made)),
      [],
    );
  });

  it('of the topics is a valid AsyncAPI document, whose references lead somewhere', async () => {
    const document = parse(await readFile('contract/asyncapi.yaml', 'utf8')) as AsyncApi;
    const ajv = new Ajv({ meta: false, validateSchema: false, strict: false, validateFormats: false });
    const schema = require('@asyncapi/specs/schemas/3.0.0.json') as object;
    assert.ok(ajv.validate(schema, document), ajv.errorsText(ajv.errors));
    const { channels, operations, components } = document;
    for (const { channel } of Object.values(operations)) {
      assert.ok(channel.$ref.replace('#/channels/', '') in channels, channel.$ref);
    }
    for (const { messages } of Object.values(channels)) {
      for (const name of Object.keys(messages)) assert.ok(name in components.messages, name);
    }
    const files = Object.values(components.messages).flatMap(({ payload }) => payload?.schema.$ref ?? []);
    assert.equal(files.length, Object.keys(channels).length / 2 + 1);
    for (const file of files) assert.ok(JSON.parse(await readFile(`contract/${file}`, 'utf8')), file);
  });

  it('of the node has figures that docs/performance.md has', async () => {
    const page = await readFile('docs/performance.md', 'utf8');
    const { performance } = parse(await readFile('contract.yaml', 'utf8')) as { performance: Record<string, unknown> };
    const { persistence, emitted, measured } = figuresOf(page);
    assert.deepEqual(performance['persistence_latency_ms'], { p95: persistence });
    assert.equal((performance['throughput'] as { measured: number }).measured, emitted);
    assert.match(measured, /^\d{4}-\d\d-\d\d$/);
    assert.throws(() => figuresOf(page.replaceAll('`PublishEvent`', '')), /expected a number for `PublishEvent` under p95/);
    assert.throws(() => figuresOf(page.replaceAll('`npm run bench`, 20', '')), /expected the date/);
  });
});
