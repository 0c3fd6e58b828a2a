/**
 * This module reads the kept mistakes. Each is a change to the code by which a user would lose something, and the test
 * that must notice.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const mutant = z.strictObject({
  /** The id, unique in its file. */
  id: z.string().regex(/^[\w.-]+$/),
  file: z.string(),
  /** The text to replace, which stands exactly once in the file. */
  find: z.string().min(1),
  replace: z.string(),
  /** The test file, and a part of the title of the test in it that must fail. */
  test: z.string(),
  grep: z.string().min(1),
  /** The loss that the user would have. */
  fault: z.string(),
});
const equivalent = z.strictObject({
  ...mutant.pick({ id: true, file: true, find: true, replace: true }).shape,
  /** The reason why no user can tell. */
  why: z.string().min(1),
});

interface Named {
  /** The name `file/id`, unique among all. */
  readonly name: string;
}
export type Mutant = z.output<typeof mutant> & Named;

const folder = fileURLToPath(new URL('.', import.meta.url));

/** @throws Error naming the file of an invalid entry, or an id that is there twice. */
export const readCatalogue = (): Mutant[] => read(/^[a-z]+\.json$/, mutant);

/**
 * Reads the changes by which no user would lose anything, so that no test has to notice. @throws as `readCatalogue`.
 */
export const readEquivalents = (): (z.output<typeof equivalent> & Named)[] =>
  read(/^[a-z]+\.equivalent\.json$/, equivalent);

function read<T extends { readonly id: string }>(files: RegExp, entry: z.ZodType<T>): (T & Named)[] {
  const entries = readdirSync(folder)
    .filter((name) => files.test(name))
    .sort()
    .flatMap((name) => {
      const parsed = z.array(entry).safeParse(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
      if (!parsed.success) throw new Error(`test/mutants/${name}: ${z.prettifyError(parsed.error)}`);
      return parsed.data.map((one) => ({ ...one, name: `${name.replace(/\..*$/, '')}/${one.id}` }));
    });
  const names = entries.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`mutant ${twice}: expected an id of its own, it is there twice`);
  return entries;
}
