/**
 * This module has the codecs for kafkajs, which brings only gzip. LZ4 is written and read, in frames as Kafka wants
 * them (format version 2: independent blocks). In the tests the broker's own consumer reads them. Snappy and ZSTD are
 * read only, because somebody else's producer may use them. One batch that cannot be unpacked would stop every
 * partition of the group.
 */
import { decompress } from 'fzstd';
import kafkajs from 'kafkajs';
import snappy from 'kafkajs-snappy';

/**
 * Loads LZ4 when a batch first needs it. Its native binding is an optional package, and a worker whose installation
 * lacks it has to start.
 */
const lz4 = () => import('lz4-napi');

/** Registers the codecs for every producer and consumer of the process: kafkajs keeps them in one table. */
export function registerCodecs(): void {
  const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
  codecs[types.LZ4] = () => ({
    compress: async (encoder: { readonly buffer: Buffer }) => (await lz4()).compressFrame(encoder.buffer),
    decompress: async (buffer: Buffer) => (await lz4()).decompressFrame(buffer),
  });
  codecs[types.Snappy] = snappy;
  codecs[types.ZSTD] = () => ({
    compress: () => Promise.reject(new Error('zstd: expected one of none, gzip, lz4 to send')),
    decompress: (buffer: Buffer) => Promise.resolve(Buffer.from(decompress(buffer))),
  });
}
