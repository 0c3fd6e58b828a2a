/** This test loads the codecs of kafkajs in a process that has none of them loaded. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

describe('codecs', () => {
  it('load LZ4 when a batch first needs it: an installation without its binding has to start', async () => {
    const program = `
      import module from 'node:module';
      import kafkajs from 'kafkajs';
      import { registerCodecs } from './src/kafka/codecs.ts';
      const loaded = () => Object.keys(module._cache).some((file) => file.includes('lz4-napi'));
      registerCodecs();
      const before = loaded();
      const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4]();
      const packed = await codec.compress({ buffer: Buffer.from('text'.repeat(100)) });
      const text = (await codec.decompress(packed)).toString();
      console.log(JSON.stringify([before, loaded(), text === 'text'.repeat(100), packed.length < 100]));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.deepEqual(JSON.parse(stdout), [false, true, true, true]);
  }).timeout(60_000);
});
