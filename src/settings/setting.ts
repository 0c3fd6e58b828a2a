/** A setting is the schema of one environment variable, and beside it the text that docs/settings.md prints. */
import { z } from 'zod';

/**
 * A reader is a process or a command that reads a variable. `intake` is `bridge intake` and `bridge worker --intake`.
 * `stack` is the code that starts and finds the local servers. `CLI` is every command that needs the value to reach a
 * server. `client` is an orchestrator's process.
 */
type SettingReader = 'worker' | 'intake' | 'CLI' | 'client' | 'stack' | `bridge ${string}`;

/** The text is a setting's entry in docs/settings.md, in Markdown. Type, bounds and default come from its schema. */
export interface SettingText {
  readonly readBy: readonly SettingReader[];
  /** The meaning and the effect of the value. */
  readonly about: string;
  /** The occasion to choose another value. */
  readonly change: string;
  /** The type in words, where the schema cannot say it. */
  readonly type?: string;
  /** The behaviour while the variable is unset, where that is no fixed default. */
  readonly unset?: string;
}

const texts = z.registry<SettingText>();

/** Puts a variable's text beside its schema. The registry is our own, because zod's shared one holds nothing typed. */
export function setting<S extends z.ZodType>(schema: S, text: SettingText): S {
  // Variables of one schema have a text each.
  const own = z.clone(schema);
  texts.add(own, text);
  return own;
}

export const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
export const seconds = (max: number) => z.coerce.number().positive().max(max);
/** One of some words, in any case. */
export const word = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.preprocess((value) => {
    const given = typeof value === 'string' ? value.trim().toLowerCase() : value;
    return words.find((one) => one.toLowerCase() === given) ?? given;
  }, z.enum(words));

/** The behaviour while an address is unset. */
export const LOCAL_STACK = "the local stack's";

/** @throws Error when a variable has no text. */
export function settingText(schema: z.core.$ZodType): SettingText {
  const text = texts.get(schema as z.ZodType);
  if (text === undefined) throw new Error('config: a variable stands without its text');
  return text;
}
