/**
 * This module has the codecs for kafkajs, which brings only gzip. LZ4 is written and read, in frames as Kafka wants
 * them (format version 2: independent blocks). In the tests the broker's own consumer reads them. Snappy and ZSTD are
 * read only, because somebody else's producer may use them. One batch that cannot be unpacked would stop every
 * partition of the group.
 */
import { decompress } from 'fzstd';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';
import type * as Lz4 from 'lz4-napi';

/**
 * Loads LZ4 when a batch first needs it. Its native binding is an optional package, and a worker whose installation
 * lacks it has to start. The module is kept, because an `import()` of each batch cost a list of 20 events 10 ms under
 * tsx. For the same reason it packs at once: handing 1 KB to another thread takes 15 times as long as packing it.
 */
let lz4: typeof Lz4 | undefined;
const loadLz4 = async (): Promise<typeof Lz4> => (lz4 ??= await import('lz4-napi'));

/** Registers the codecs for every producer and consumer of the process: kafkajs keeps them in one table. */
export function registerCodecs(): void {
  const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
  codecs[types.LZ4] = () => ({
    compress: async (encoder: { readonly buffer: Buffer }) => (await loadLz4()).compressFrameSync(encoder.buffer),
    decompress: async (buffer: Buffer) => (await loadLz4()).decompressFrameSync(buffer),
  });
  codecs[types.Snappy] = snappy;
  codecs[types.ZSTD] = () => ({
    compress: () => Promise.reject(new Error('zstd: expected one of none, gzip, lz4 to send')),
    decompress: (buffer: Buffer) => Promise.resolve(Buffer.from(decompress(buffer))),
  });
}
