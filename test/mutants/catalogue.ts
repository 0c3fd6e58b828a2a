/** The kept mistakes: each is a change to the code by which a user would lose something, and the test that must notice. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const mutant = z.strictObject({
  /** Unique in its file. */
  id: z.string().regex(/^[\w.-]+$/),
  file: z.string(),
  /** Stands exactly once in the file. */
  find: z.string().min(1),
  replace: z.string(),
  /** The test file, and a part of the title of the test in it that must fail. */
  test: z.string(),
  grep: z.string().min(1),
  /** What the user would lose. */
  fault: z.string(),
});
export type Mutant = z.output<typeof mutant> & {
  /** `file/id`: unique among all. */
  readonly name: string;
};

const folder = fileURLToPath(new URL('.', import.meta.url));

/** @throws Error naming the file of an entry that is not one, or an id that is there twice. */
export function readCatalogue(): Mutant[] {
  const mutants = readdirSync(folder)
    .filter((name) => /^[a-z]+\.json$/.test(name))
    .sort()
    .flatMap((name) => {
      const parsed = z.array(mutant).safeParse(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
      if (!parsed.success) throw new Error(`test/mutants/${name}: ${z.prettifyError(parsed.error)}`);
      return parsed.data.map((entry) => ({ ...entry, name: `${name.replace(/\.json$/, '')}/${entry.id}` }));
    });
  const names = mutants.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`mutant ${twice}: expected an id of its own, it is there twice`);
  return mutants;
}
