/** The kept mistakes: each is a change to the code by which a user would lose something, and the test that must notice. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const mutant = z.strictObject({
  /** Unique among all. */
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
export type Mutant = z.output<typeof mutant>;

const folder = fileURLToPath(new URL('.', import.meta.url));

/** @throws Error naming the file of an entry that is not one, or an id that is there twice. */
export function readCatalogue(): Mutant[] {
  const mutants = readdirSync(folder)
    .filter((name) => /^[a-z]+\.json$/.test(name) && name !== 'survivors.json')
    .sort()
    .flatMap((name) => {
      const parsed = z.array(mutant).safeParse(JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')));
      if (!parsed.success) throw new Error(`test/mutants/${name}: ${z.prettifyError(parsed.error)}`);
      return parsed.data;
    });
  const ids = new Set<string>();
  for (const { id } of mutants) {
    if (ids.has(id)) throw new Error(`mutant ${id}: expected an id of its own, it is there twice`);
    ids.add(id);
  }
  return mutants;
}
