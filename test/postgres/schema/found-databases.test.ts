/** These tests meet databases as operators have made them: of other encodings, locales and settings. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer } from '../../../src/domain/intake/ports.js';
import { recoverFsmStatesPayload } from '../../../src/domain/intents/recover-fsm-states/schema.js';
import { createPool, type Pool, withConnection } from '../../../src/postgres/core/pool.js';
import { createVerdictStore } from '../../../src/postgres/intake/verdict-store.js';
import { createLedgerRetention } from '../../../src/postgres/ledger/retention.js';
import { createFsmStateStore } from '../../../src/postgres/recovery/fsm-state-store.js';
import { createFsmRetention } from '../../../src/postgres/recovery/retention.js';
import { encodingProblem } from '../../../src/postgres/schema/encoding.js';
import { migrate } from '../../../src/postgres/schema/migrate.js';
import { createFsmTransitionStore } from '../../../src/postgres/states/fsm-transition-store.js';
import { bridgeHere } from '../../support/bridge-here.js';
import { step } from '../states/transitions.js';
import { command, databaseUrl, dropDatabase, MIGRATIONS, newName, onServer } from '../support.js';
import { legacyTransition } from './legacy.js';

describe('databases as found', () => {
  const made: { name: string; pool: Pool }[] = [];

  /** Creates a database with options of CREATE DATABASE. */
  async function create(options: string) {
    const name = newName();
    await onServer((client) => client.query(`CREATE DATABASE "${name}" TEMPLATE template0 ${options}`));
    const url = databaseUrl(name);
    const database = { name, url, pool: createPool({ url, min: 0 }, () => undefined) };
    made.push(database);
    return database;
  }
  after(async () => {
    await Promise.all(made.map(({ pool }) => pool.end()));
    await Promise.all(made.map(({ name }) => dropDatabase(name)));
  });

  const answer = (text: string, event_id: string = randomUUID()): Answer => ({
    list_hash: 'ab'.repeat(32),
    list: { event_id, correlation_id: text, emitted_at: '2026-11-01T00:00:00.000Z', intents: [{ text }] },
    verdict: {
      ...{ event_id, correlation_id: text, request_id: text, workflow_id: 'w' },
      ...{ outcome: 'partial', counts: { failed: 1 }, results: [], truncated: false },
    },
  });

  describe('of LATIN1', () => {
    const CREATE = `ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'`;

    it('are refused by setup, and named by doctor with what to do', async () => {
      const { name, url, pool } = await create(CREATE);
      const problem = `expected a database with the encoding UTF8, got "${name}" with LATIN1; make another with "createdb -E UTF8 -T template0 NAME", and name it in DATABASE_URL or PGDATABASE`;
      await assert.rejects(migrate({ url }, { dir: MIGRATIONS }), { message: problem, failureClass: 'invalid' });
      assert.deepEqual((await pool.query('SELECT FROM pg_tables WHERE schemaname = $1', ['public'])).rows, []);
      assert.equal(await withConnection(pool, encodingProblem), problem);
      const env = { ...process.env, DATABASE_URL: url };
      const doctor = await bridgeHere(['doctor'], env);
      assert.equal(doctor.code === 0, false);
      assert.ok(doctor.stdout.includes(problem), doctor.stdout);
      const setup = await bridgeHere(['setup'], env);
      assert.equal(setup.code, 1);
      assert.ok(setup.stderr.includes(problem), setup.stderr);
    });

    it('store a verdict that they cannot hold without its texts, and those beside it whole', async () => {
      const { pool } = await create(CREATE);
      // This version refuses to migrate it; a version before has.
      for (const file of (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()) {
        await pool.query(await readFile(join(MIGRATIONS, file), 'utf8'));
      }
      const [first, held, nameless, last] = [
        answer('é'),
        answer('\u{1F600}'),
        answer('x', `\u{1F600}-${randomUUID()}`),
        answer('y'),
      ];
      const id = held.verdict.event_id;
      const store = createVerdictStore(pool);
      const told = await store.store([first, held, nameless, last]);
      const bare = { ...held.verdict, correlation_id: id, request_id: id, truncated: true };
      assert.deepEqual(told.get(first.verdict.event_id)?.verdict, first.verdict);
      assert.deepEqual(told.get(last.verdict.event_id)?.verdict, last.verdict);
      assert.deepEqual(told.get(id)?.verdict, bare);
      assert.equal(told.get(nameless.verdict.event_id)?.verdict.outcome, 'partial');
      const { rows } = await pool.query<{ event_id: string; verdict: unknown; final: boolean }>(
        'SELECT event_id, verdict, list IS NULL AS final FROM intake_verdicts',
      );
      assert.deepEqual(
        new Map(rows.map(({ event_id, verdict, final }) => [event_id, [verdict, final]])),
        new Map<string, unknown>([
          [first.verdict.event_id, [first.verdict, false]],
          [id, [bare, true]],
          [last.verdict.event_id, [last.verdict, false]],
        ]),
      );
      assert.equal(await store.unfinished(id), null, 'there is no list to execute again');
      // A second answer is the stored one.
      assert.deepEqual((await store.store([held, last])).get(id)?.verdict, bare);
    });
  });

  for (const [locale, options] of [
    ['C', `LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'`],
    ['German', `LOCALE_PROVIDER icu ICU_LOCALE 'de' LC_COLLATE 'C' LC_CTYPE 'C'`],
    ['Turkish', `LOCALE_PROVIDER icu ICU_LOCALE 'tr' LC_COLLATE 'C' LC_CTYPE 'C'`],
  ] as const) {
    it(`compare states as the code does, in a ${locale} locale`, async () => {
      const { url, pool } = await create(`ENCODING 'UTF8' ${options}`);
      await migrate({ url }, { dir: MIGRATIONS });
      const states = ['terminé', 'TERMINÉ', 'straße', 'Strasse', 'idling', 'other'];
      const workflows = states.map(() => randomUUID());
      for (const [index, id] of workflows.entries()) {
        await legacyTransition(pool, id, null, states[index] ?? '', []);
      }
      const found = async (...asked: string[]) => {
        const request = recoverFsmStatesPayload.parse({ recovery_id: 'r', states: asked });
        const page = await createFsmStateStore(pool).recover(request, 1_000_000);
        return Object.values(page.recovered_states)
          .map((state) => state.current_state)
          .sort();
      };
      assert.deepEqual(await found('Terminé'), ['TERMINÉ', 'terminé']);
      assert.deepEqual(await found('STRASSE'), ['Strasse', 'straße']);
      assert.deepEqual(await found('straße', 'Idling'), ['Strasse', 'idling', 'straße']);
    }).timeout(20_000);
  }

  it('may be serializable, of any time zone, and of any way to write dates', async () => {
    const { name, url, pool } = await create(`ENCODING 'UTF8'`);
    await onServer(async (client) => {
      await client.query(`ALTER DATABASE "${name}" SET default_transaction_isolation = 'serializable'`);
      await client.query(`ALTER DATABASE "${name}" SET timezone = 'Asia/Kathmandu'`);
      await client.query(`ALTER DATABASE "${name}" SET datestyle = 'SQL, DMY'`);
    });
    await migrate({ url }, { dir: MIGRATIONS });
    const { rows: settings } = await pool.query('SHOW datestyle');
    assert.deepEqual(settings, [{ DateStyle: 'SQL, DMY' }]);

    const workflow = randomUUID();
    const store = () => createFsmTransitionStore(pool);
    const same = command({ ...step(workflow, 1, 0), timestamp: '2026-02-03T04:05:06.000007+05:45' });
    // Workers of two processes write the same intent, and others of its workflow.
    const writers = Array.from({ length: 8 }, (_, n) => store().insert([same, command(step(workflow, 2 + n, n))]));
    const replies = (await Promise.all(writers)).flat();
    assert.ok(
      replies.every(({ ok }) => ok),
      JSON.stringify(replies),
    );

    const request = { recovery_id: 'r', limit: 1 };
    const other = randomUUID();
    await store().insert([command({ ...step(other, 1, 0), timestamp: '9999-12-31T23:59:59-12:00' })]);
    const states = createFsmStateStore(pool);
    const first = await states.recover(recoverFsmStatesPayload.parse(request), 1_000_000);
    const second = await states.recover(
      recoverFsmStatesPayload.parse({ ...request, cursor: first.next_cursor }),
      1_000_000,
    );
    const recovered = { ...first.recovered_states, ...second.recovered_states };
    assert.deepEqual(Object.keys(recovered).sort(), [workflow, other].sort());
    assert.equal(recovered[other]?.last_transition_at, '+010000-01-01T11:59:59.000000Z');
    const { rows } = await pool.query(
      `SELECT transition_at = '2026-02-02T22:20:06.000007Z' AS same FROM fsm_transitions WHERE intent_id = $1`,
      [same.intent_id],
    );
    assert.deepEqual(rows, [{ same: true }]);

    const verdicts = createVerdictStore(pool);
    const given = answer('x');
    for (const stored of [await verdicts.store([given]), await verdicts.store([given])]) {
      assert.equal(stored.get(given.verdict.event_id)?.verdict.outcome, 'partial');
    }
    const answered = await verdicts.answered([given.verdict.event_id]);
    assert.equal(answered.get(given.verdict.event_id)?.emitted_at, '2026-11-01T00:00:00.000000Z');

    for (const retention of [createFsmRetention(pool, 1), createLedgerRetention(pool, 1)]) {
      const pruned = await retention.prune('2026-01-02T00:00:00Z', null);
      assert.equal(pruned.pruned_before, '2026-01-02T00:00:00.000000Z');
    }
  }).timeout(20_000);
});
