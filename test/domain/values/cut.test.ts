/**
 * These tests check where chunks, slices, pages, requests and answers end. An item left out is lost, and a server
 * refuses one too many.
 */
import assert from 'node:assert/strict';
import { cut } from '../../../src/domain/values/cut.js';

describe('cut', () => {
  const limits = { count: 3, bytes: 10 };
  const parts = (...bytes: number[]) => [...cut(bytes, (size) => ({ count: 1, bytes: size }), limits)];

  it('fills a part to its limit in each unit, and begins the next one with what is over', () => {
    assert.deepEqual(parts(1, 1, 1, 1), [[1, 1, 1], [1]]);
    assert.deepEqual(parts(5, 5, 1), [[5, 5], [1]]);
    assert.deepEqual(parts(5, 6, 4, 1), [[5], [6, 4], [1]]);
  });

  it('gives an item over a limit a part of its own, and no part to nothing', () => {
    assert.deepEqual(parts(11, 12, 1), [[11], [12], [1]]);
    assert.deepEqual(parts(1, 11), [[1], [11]]);
    assert.deepEqual(parts(), []);
  });

  it('lets an item over a limit join what takes nothing of that unit', () => {
    const sized = (item: number | null) => (item === null ? { count: 1 } : { count: 1, bytes: item });
    assert.deepEqual([...cut([null, 11, null, 0], sized, limits)], [[null, 11, null], [0]]);
    assert.deepEqual([...cut([0, 11, 0], sized, limits)], [[0, 11], [0]]);
  });

  it('counts the units of a part apart, whatever they are called', () => {
    const items = ['a4', 'b9', 'a6', 'b2', 'a1'];
    const sizeOf = (item: string) => ({ [item.slice(0, 1)]: Number(item.slice(1)) });
    assert.deepEqual(
      [...cut(items, sizeOf, { a: 10, b: 10 })],
      [
        ['a4', 'b9', 'a6'],
        ['b2', 'a1'],
      ],
    );
  });

  it('asks for no item behind the first part before the next one is wanted', () => {
    const asked: number[] = [];
    const sizeOf = (item: number) => {
      asked.push(item);
      return { count: 1 };
    };
    const [first] = cut([1, 2, 3, 4, 5, 6], sizeOf, { count: 3 });
    assert.deepEqual(
      [first, asked],
      [
        [1, 2, 3],
        [1, 2, 3, 4],
      ],
    );
  });
});
