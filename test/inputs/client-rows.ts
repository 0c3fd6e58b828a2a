/** These rows show the section "Values of the TypeScript client" of docs/inputs.md: values of `payload.a.b`. */

export interface ClientRow {
  /** The form, as the first column of the page has it. */
  readonly form: string;
  readonly own: unknown;
  /** The value as it is executed. */
  readonly value?: unknown;
  /** Where it is refused behind `payload.a.b`, and why. */
  readonly at?: string;
  readonly problem?: string;
}

class Order {
  readonly id = 1;
}
const toJson = { toJSON: () => ({ c: 1 }) };
const cycle: Record<string, unknown> = {};
cycle['c'] = cycle;

const OBJECTS = '`Date`, `Buffer`, objects with `toJSON`, objects of a class with fields';
const NUMBERS = '`NaN`, `Infinity`';
const CLOSED = '`Map`, `Set`, `Promise`, functions, symbols, `RegExp`, errors';
const NUMBER = 'expected a finite number, got number';
const VALUE = 'expected a value JSON can represent, got';

export const CLIENT_ROWS: readonly ClientRow[] = [
  { form: OBJECTS, own: new Date(0), value: '1970-01-01T00:00:00.000Z' },
  { form: OBJECTS, own: Buffer.from('a'), value: { type: 'Buffer', data: [97] } },
  { form: OBJECTS, own: toJson, value: { c: 1 } },
  { form: OBJECTS, own: [new Order(), { gone: undefined }], value: [{ id: 1 }, {}] },
  { form: 'Digits of a BIGINT as text', own: '9007199254740993', value: '9007199254740993' },
  { form: NUMBERS, own: NaN, problem: `${NUMBER} NaN` },
  { form: NUMBERS, own: -Infinity, problem: `${NUMBER} -Infinity` },
  { form: '`bigint`', own: 5n, problem: 'expected a number, or text with the digits, got bigint 5' },
  { form: CLOSED, own: new Map(), problem: 'expected a plain object, got Map' },
  { form: CLOSED, own: new Set(), problem: 'expected an array, got Set' },
  { form: CLOSED, own: Promise.resolve(), problem: 'expected a value that was awaited, got Promise' },
  { form: CLOSED, own: () => 1, problem: `${VALUE} function` },
  { form: CLOSED, own: Symbol('s'), problem: `${VALUE} symbol` },
  { form: CLOSED, own: /x/, problem: `${VALUE} RegExp` },
  { form: CLOSED, own: new TypeError('x'), problem: `${VALUE} TypeError` },
  { form: 'A cycle', own: cycle, at: '.c', problem: 'expected a value without a cycle, got object inside of itself' },
];
