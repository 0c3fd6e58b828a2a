import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Queued, ShareQueue, type Size } from '../../../src/client/sharing/share-queue.js';

interface Named extends Queued {
  readonly name: string;
  readonly end: () => void;
}

const LIMITS: Size = { intents: 100, bytes: 1_000, idBytes: 100, pages: 2 };

describe('the share queue', () => {
  let started: string[][];
  let lists: Named[];
  let queue: ShareQueue<Named>;
  const use = (slots: number, slotMs = 60_000): void => {
    started = [];
    lists = [];
    queue = new ShareQueue<Named>({
      start: (together) => {
        started.push(together.map(({ name }) => name));
        return Promise.resolve();
      },
      limits: LIMITS,
      slots,
      slotMs: { least: slotMs, most: Math.max(slotMs, 200) },
    });
  };
  const add = (name: string, size: Partial<Size> = {}): Named => {
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    const list = { name, end, over, size: { intents: 1, bytes: 1, idBytes: 1, pages: 0, ...size } };
    lists.push(list);
    queue.add(list);
    return list;
  };
  const turn = () => sleep(1);

  it('starts lists by themselves while there are slots for all', async () => {
    use(2);
    const one = add('a');
    await turn();
    add('b');
    await turn();
    assert.deepEqual(started, [['a'], ['b']]);
    one.end();
    await turn();
    add('c');
    await turn();
    assert.deepEqual(started, [['a'], ['b'], ['c']]);
  });

  it('starts the lists together that waited for a slot', async () => {
    use(2);
    const [one] = [add('a'), add('b')];
    await turn();
    for (const name of ['c', 'd', 'e']) add(name);
    await turn();
    assert.deepEqual(started, [['a'], ['b']]);
    one.end();
    await turn();
    assert.deepEqual(started.slice(2), [['c', 'd', 'e']]);
  });

  it('spreads the lists of one turn over the slots', async () => {
    use(2);
    for (const name of ['a', 'b', 'c', 'd', 'e']) add(name);
    await turn();
    assert.deepEqual(started, [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  it('keeps a slot until the last list of an execution has ended', async () => {
    use(1);
    const [one, other] = [add('a'), add('b')];
    await turn();
    add('c');
    one.end();
    await turn();
    assert.deepEqual(started, [['a', 'b']]);
    other.end();
    await turn();
    assert.deepEqual(started, [['a', 'b'], ['c']]);
  });

  it('lets an execution keep its slot for a time only', async () => {
    use(1, 20);
    add('stuck');
    await turn();
    add('next');
    await turn();
    assert.deepEqual(started, [['stuck']]);
    await sleep(40);
    assert.deepEqual(started, [['stuck'], ['next']]);
  });

  it('lets an execution keep its slot for longer where all take long', async () => {
    use(1, 20);
    const slow = add('slow');
    await sleep(60);
    slow.end();
    await turn();
    add('stuck');
    await turn();
    add('next');
    await sleep(50);
    assert.deepEqual(started, [['slow'], ['stuck']]);
    await sleep(150);
    assert.deepEqual(started, [['slow'], ['stuck'], ['next']]);
  });

  for (const [unit, size] of [
    ['intents', { intents: 60 }],
    ['bytes', { bytes: 600 }],
    ['idBytes', { idBytes: 60 }],
    ['pages', { pages: 2 }],
  ] as const) {
    it(`starts no more together than fit the limit of ${unit}`, async () => {
      use(1);
      add('first');
      await turn();
      for (const name of ['a', 'b']) add(name, size);
      lists[0]?.end();
      await turn();
      assert.deepEqual(started.slice(1), [['a']]);
      lists[1]?.end();
      await turn();
      assert.deepEqual(started.slice(2), [['b']]);
    });
  }

  it('starts a list over a limit, and its neighbours', async () => {
    use(1);
    for (const name of ['a', 'large', 'b']) add(name, name === 'large' ? { intents: 101 } : {});
    await turn();
    for (const list of lists) {
      list.end();
      await turn();
    }
    assert.deepEqual(started.flat().sort(), ['a', 'b', 'large']);
    assert.ok(started.some((together) => together.join() === 'large'));
  });
});
