/**
 * LZ4 for kafkajs, which brings only gzip. Frames as Kafka wants them (format version 2: independent blocks), read by the broker's
 * own consumer in the tests.
 */
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';

/** For every producer and consumer of the process; kafkajs keeps its codecs in one table. */
export function registerLz4(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = () => ({
    compress: (encoder: { readonly buffer: Buffer }) => compressFrame(encoder.buffer),
    decompress: (buffer: Buffer) => decompressFrame(buffer),
  });
}
