/** This module has the Zod fields that the intent schemas share. */
import { z } from 'zod';
import { textProblem } from '../values/json.js';
import { readTime, TIME_FORMS } from '../values/time.js';

/**
 * Makes a field optional. Null is absent, because senders print a None or a nil as null (Pydantic, Go). It is absent
 * from the output too: a field whose readers take null for absent may be `nullish` instead.
 */
export const optional = <S extends z.ZodType>(field: S) =>
  field
    .nullable()
    .transform((value) => value ?? undefined)
    .optional();

/** Gives a field a default, which null stands for as well. */
export const withDefault = <S extends z.ZodType>(field: S, value: z.input<S>) => {
  const output = field.parse(value);
  return field
    .nullable()
    .transform((given) => given ?? output)
    .prefault(value);
};

export const text = z.string().max(32_767);

/**
 * A request or correlation id, which becomes a workflow id, a column, a header. PostgreSQL takes neither NUL nor half
 * of a surrogate pair.
 */
export const listName = z
  .string()
  .min(1)
  .max(200)
  .refine((value) => textProblem(value) === null, 'well-formed text without NUL characters');

/** A UUID of any version, as PostgreSQL accepts it. It is normalised to lower case, because it becomes a key. */
export const guid = z.guid().transform((value) => value.toLowerCase());

/** A count that JSON can represent without loss: 0 to 2^53 - 1. */
export const safeCount = z.int().nonnegative();

/**
 * A state's name, which is free text upstream, upper case here and VARCHAR(50) in the tables. The length is checked
 * last, because upper case may be longer.
 */
export const fsmState = z.string().min(1).toUpperCase().max(50);

/** A time in any of the forms of `readTime`, as RFC 3339. Ids and hashes are made of what was sent, not of this. */
export const timestamp = z
  .string(TIME_FORMS)
  .meta({ format: 'date-time' })
  .transform((text, context) => {
    const time = readTime(text);
    if (time !== null) return time;
    context.addIssue(TIME_FORMS);
    return z.NEVER;
  });

/**
 * An object with any keys. It is not `z.record`, which runs a schema over every key; that came to 2 % of the intake's
 * main thread.
 */
export const jsonObject = z.looseObject({});
