/** These tests check the text of the migrations: a new one must not stop the writers of a running installation. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { unsafeStatements } from './migration-lint.js';

/** The last migration from before the rules. It has run where it matters. */
const BEFORE = 27;

describe('the migrations', () => {
  it('hold no statement that stops writers, from the first one under the rules on', () => {
    const problems = readdirSync('migrations')
      .filter((name) => name.endsWith('.sql') && Number(name.slice(0, 4)) > BEFORE)
      .flatMap((name) => unsafeStatements(readFileSync(`migrations/${name}`, 'utf8')).map((one) => `${name}: ${one}`));
    assert.deepEqual(problems, []);
  });
});

describe('the rules for migrations', () => {
  for (const [sql, instead] of [
    ['CREATE INDEX i ON fsm_states (a)', /write it into migrations\/indexes/],
    ['CREATE UNIQUE INDEX IF NOT EXISTS i ON fsm_states (a)', /write it into migrations\/indexes/],
    ['ALTER TABLE fsm_states ALTER COLUMN a TYPE bigint', /rewrites the table/],
    ['ALTER TABLE fsm_states ALTER COLUMN a SET NOT NULL', /scans the table/],
    ['ALTER TABLE fsm_states ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid()', /differs from row to row/],
    ['ALTER TABLE fsm_states ADD CONSTRAINT c CHECK (a > 0)', /NOT VALID/],
    ['ALTER TABLE fsm_states DROP COLUMN a', /a release later/],
    ['ALTER TABLE fsm_states RENAME COLUMN a TO b', /knows the old name/],
    ['LOCK TABLE fsm_states', /stops everybody/],
  ] as const) {
    it(`refuse: ${sql}`, () => {
      const [problem = '', ...others] = unsafeStatements(`SELECT 1;\n${sql};\n`);
      assert.match(problem, instead);
      assert.deepEqual(others, []);
    });
  }

  it('let pass what stops nobody', () => {
    const sql = `
      -- CREATE INDEX in a comment
      CREATE TABLE parts (id bigint PRIMARY KEY, a text);
      CREATE INDEX parts_a ON parts (a);
      ALTER TABLE parts ADD CONSTRAINT c CHECK (a <> '');
      ALTER TABLE fsm_states ADD COLUMN a text, ADD COLUMN b int DEFAULT 0;
      ALTER TABLE fsm_states ADD CONSTRAINT c CHECK (b > 0) NOT VALID;
      -- stops writers: a second for a million rows; build it CONCURRENTLY beforehand
      CREATE INDEX IF NOT EXISTS i ON fsm_states (a);
      CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN ALTER TABLE x DROP COLUMN y; END $f$;`;
    assert.deepEqual(unsafeStatements(sql), []);
  });
});
