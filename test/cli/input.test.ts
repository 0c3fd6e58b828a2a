/** These tests check what `bridge` reads: files of lists, values of options, and errors, by their exit codes. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { days, daysSince, since, wholeNumber } from '../../src/cli/arguments.js';
import { EXIT, exitCodeOf, UnreachableError, UsageError } from '../../src/cli/errors.js';
import { type InputItem, readRequests } from '../../src/cli/input.js';
import { RefusedError, RequestConflictError } from '../../src/client/errors.js';
import { ConfigError } from '../../src/config.js';
import { EffectError } from '../../src/domain/failures/failure.js';
import { LimitError } from '../../src/domain/values/limits.js';
import { StackError } from '../../src/stack/errors.js';
import { persistState, publishEvent } from '../support/intents.js';

describe('lists of a file', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bridge-input-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function read(text: string): Promise<InputItem[]> {
    const file = join(directory, 'list');
    await writeFile(file, text);
    const items: InputItem[] = [];
    for await (const item of readRequests(file)) items.push(item);
    return items;
  }
  const shown = (items: readonly InputItem[]) =>
    items.map((item) => [item.line, item.ok ? (item.request.request_id ?? item.request.intents.length) : item.error]);
  const list = (id: string, ...intents: unknown[]) => ({ request_id: id, intents: [persistState(), ...intents] });

  it('are a JSON list, an object, or an object a line, however they are laid out', async () => {
    const intents = [persistState(), publishEvent()];
    assert.deepEqual(shown(await read(JSON.stringify(intents))), [[1, 2]]);
    assert.deepEqual(shown(await read(`\uFEFF${JSON.stringify(intents)}`)), [[1, 2]]);
    assert.deepEqual(shown(await read(JSON.stringify(list('a'), null, 2))), [[1, 'a']]);
    assert.deepEqual(shown(await read(`\n\n${JSON.stringify(list('a'), null, 2)}\n`)), [[3, 'a']]);
    const lines = ['a', 'b', 'c'].map((id) => JSON.stringify(list(id)));
    for (const end of ['\n', '\r\n', '\n\n']) {
      const step = end === '\n\n' ? 2 : 1;
      assert.deepEqual(shown(await read(`${lines.join(end)}${end}`)), [
        [1, 'a'],
        [1 + step, 'b'],
        [1 + 2 * step, 'c'],
      ]);
    }
  });

  it('are refused line by line, the first one too', async () => {
    const [first, second, third, ...others] = await read(
      ['{"intents": [', JSON.stringify(list('b')), '{"intents": 7}', JSON.stringify(list('d'))].join('\n'),
    );
    assert.ok(first?.ok === false && first.line === 1);
    assert.deepEqual(shown([second!, third!, ...others]), [
      [2, 'b'],
      [3, 'intents: expected an array, got number 7'],
      [4, 'd'],
    ]);
  });

  it('are refused over the limits, naming them, and beside others alone', async () => {
    const many = { request_id: 'many', intents: Array.from({ length: 2_001 }, () => publishEvent()) };
    const big = {
      request_id: 'big',
      intents: Array.from({ length: 60 }, () => publishEvent({ big: 'x'.repeat(30_000) })),
    };
    const items = await read([many, list('a'), big].map((one) => JSON.stringify(one)).join('\n'));
    assert.deepEqual(
      items.map(({ ok }) => ok),
      [false, true, false],
    );
    assert.match(String(shown(items)[0]![1]), /the list holds 2001 intents, the limit is 2000/);
    assert.match(String(shown(items)[2]![1]), /bytes of JSON, the limit is 1500000/);
    assert.equal((await read(JSON.stringify(many.intents.slice(1))))[0]?.ok, true);
  });

  it('are nothing when there is nothing', async () => {
    for (const text of ['', '\n \n']) await assert.rejects(read(text), /expected a list of intents, got nothing/);
    await assert.rejects(readRequests(join(directory, 'nowhere')).next(), UsageError);
  });
});

describe('values of options', () => {
  it('are whole numbers from 1', () => {
    assert.deepEqual(['1', '1000'].map(wholeNumber(1_000)), [1, 1_000]);
    for (const wrong of ['0', '-1', '1.5', '1001', 'x', '']) {
      assert.throws(() => wholeNumber(1_000)(wrong), InvalidArgumentError, wrong);
    }
    assert.equal(wholeNumber()('9007199254740991'), Number.MAX_SAFE_INTEGER);
  });

  it('are durations, in days', () => {
    assert.deepEqual(['30d', '12h', '2w', '90m', '1.5d', '36500d'].map(days), [30, 0.5, 14, 0.0625, 1.5, 36_500]);
    for (const wrong of ['0d', '30', 'd', '36501d', '-1d', '1y']) {
      assert.throws(() => days(wrong), InvalidArgumentError, wrong);
    }
  });
});

describe('the start of a time span', () => {
  const ago = (value: string) => Date.now() - Date.parse(since(value));

  it('is a time, or how long ago it was', () => {
    assert.deepEqual(['2026-01-31T13:00:00+01:00', '2026-01-31 12:00:00.123456', '20260131T120000Z'].map(since), [
      '2026-01-31T13:00:00+01:00',
      '2026-01-31T12:00:00.123456Z',
      '2026-01-31T12:00:00Z',
    ]);
    for (const [value, ms] of [
      ['30m', 1_800_000],
      ['12h', 43_200_000],
      ['7d', 604_800_000],
    ] as const) {
      assert.ok(Math.abs(ago(value) - ms) < 5_000, value);
      assert.equal(daysSince(value), days(value));
    }
    const passed = daysSince(new Date(Date.now() - 86_400_000).toISOString());
    assert.ok(passed >= 1 && passed < 1.001, String(passed));
  });

  it('is nothing else, and not to come', () => {
    for (const wrong of [
      '1',
      'Nov 26',
      '2026',
      '2026-01-31',
      '2w',
      '1.5d',
      '30',
      '-1d',
      '1 d',
      '',
      '9999-01-01T00:00Z',
    ]) {
      const message = /expected 30m, 12h or 7d \(ago\), or a time such as 2026-01-31T12:00:00.*that has passed/;
      assert.throws(() => since(wrong), message, wrong);
      assert.throws(() => daysSince(wrong), message, wrong);
    }
    for (const wrong of ['0d', '36501d']) assert.throws(() => since(wrong), /expected a duration/, wrong);
    assert.throws(() => daysSince('1900-01-01T00:00:00Z'), /expected a time of the last 36500 days/);
  });
});

describe('exit codes', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const cases: readonly (readonly [what: string, error: unknown, code: number])[] = [
    ['wrong usage', new UsageError('x'), EXIT.usage],
    ['a wrong environment', new ConfigError('x'), EXIT.usage],
    ['a list over a limit', new LimitError('x'), EXIT.usage],
    ['a list that is refused', new RefusedError('w', 'x'), EXIT.usage],
    ['a request id that is taken', new RequestConflictError('w'), EXIT.usage],
    ['wrong usage found out by a lost connection', new UsageError('x', { cause: refused }), EXIT.usage],
    ['a server that is not there', new UnreachableError('x'), EXIT.unreachable],
    ['a stack that cannot be started', new StackError('x'), EXIT.unreachable],
    ['a refused connection', refused, EXIT.unreachable],
    ['an outage, wrapped', new Error('x', { cause: new EffectError('unavailable', 'x') }), EXIT.unreachable],
    ['a stack that cannot be started, wrapped', new Error('x', { cause: new StackError('x') }), EXIT.unreachable],
    ['a failed statement', new EffectError('transient', 'x'), EXIT.failed],
    ['anything else', new TypeError('x'), EXIT.failed],
    ['no error at all', 'x', EXIT.failed],
  ];
  for (const [what, error, code] of cases) {
    it(`${code}: ${what}`, () => {
      assert.equal(exitCodeOf(error), code);
    });
  }

  it('are those that docs/operations.md names', () => {
    assert.deepEqual(EXIT, { ok: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 });
  });
});
