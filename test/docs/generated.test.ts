/**
 * These tests check the generated pages of the documents. They are as the code is now, and have examples that the
 * schemas take.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import {
  DEFINITIONS,
  ENVELOPE,
  EVENTS,
  FAILURE,
  INTENT_EMITTED,
  INTENT_RESULT,
  RECOVERED_STATE,
  RECOVERY_SUMMARY,
  REPORT,
  REQUEST,
  RESULTS,
} from '../../scripts/docs/examples.js';
import { INTENTS } from '../../scripts/docs/example-intents.js';
import type { IntentType } from '../../src/client/index.js';
import { RESULT_FIELDS } from '../../src/contract/schemas.js';
import { COMMAND, essenceOf, PAGES } from '../../scripts/docs/pages.js';
import { loadConfig, SETTING_GROUPS } from '../../src/config.js';
import { settingText } from '../../src/settings/setting.js';
import {
  fsmStateTransitionedEvent,
  intentResultEvent,
  onexEnvelope,
  operationFailedEvent,
  recoveredStateEvent,
  recoverySummaryEvent,
  statePersistedEvent,
} from '../../src/domain/events/schema.js';
import { PUBLISHABLE_EVENT_TYPES } from '../../src/domain/events/event-types.js';
import { report } from '../../src/domain/execution/report-schema.js';
import { parseRequest } from '../../src/domain/execution/request.js';
import type { Verdict } from '../../src/domain/intake/list.js';
import { parseIntent } from '../../src/domain/intents/parse.js';
import { publishEventPayload } from '../../src/domain/intents/publish-event/schema.js';
import { baseResult, repeatFields } from '../../src/domain/intents/result-schema.js';
import { readEnvelope } from '../../src/intake/envelope-reader.js';
import { batchSettings } from '../../src/kafka/settings.js';

/**
 * Asserts that a value has the fields that the schema names, and no other. An example must not show a field that the
 * tables lack.
 */
const takes = (schema: z.ZodObject, value: unknown): void => {
  assert.deepEqual(z.strictObject(schema.shape).parse(value), value);
};

/** Returns who runs a file, by each name that the page of settings may use. */
function readersBy(file: string): readonly string[] {
  // An intake may run in a worker, which then reads the intake's variables.
  if (file.startsWith('worker/')) return ['worker', 'intake'];
  if (file.startsWith('intake/')) return ['intake'];
  const command = basename(file, '.ts');
  return ['CLI', `bridge ${command}`, command];
}

describe('a generated page', () => {
  for (const [path, make] of Object.entries(PAGES)) {
    it(`is what the code says: ${path}`, async () => {
      const stored = await readFile(path, 'utf8').catch(() => '');
      const page = make();
      assert.ok(essenceOf(stored) === essenceOf(page), `${path} is stale: run \`${COMMAND}\``);
      assert.equal(make(), page, 'it comes out the same each time');
    });
  }
});

describe('the settings of the documents', () => {
  const variables = Object.values(SETTING_GROUPS).flatMap((group) => Object.entries<z.ZodType>(group));

  it('are all that there are, each with its text', () => {
    const named = new Set(variables.map(([name]) => name));
    assert.equal(named.size, variables.length, 'a variable is in two groups');
    const schemas = new Set(variables.map(([, schema]) => schema));
    assert.equal(schemas.size, variables.length, 'two variables share a schema, and so a text');
    // A name in small letters stands for something derived from several variables.
    const names = Object.keys(loadConfig({})).filter((name) => name === name.toUpperCase());
    assert.deepEqual(
      names.filter((name) => !named.has(name)),
      [],
    );
    for (const [name, schema] of variables) {
      const { about, change, readBy } = settingText(schema);
      assert.ok(about.endsWith('.') && change.endsWith('.') && readBy.length > 0, name);
    }
    assert.throws(() => settingText(z.string()), /without its text/);
  });

  it('name who reads a variable, as far as the folder of the code tells', async () => {
    const files = (await readdir('src', { recursive: true })).filter((file) =>
      /^(worker|intake|cli\/commands)\/.+ts$/.test(file),
    );
    for (const file of files) {
      const text = await readFile(`src/${file}`, 'utf8');
      for (const [name, schema] of variables) {
        if (!new RegExp(`\\bconfig\\.${name}\\b`).test(text)) continue;
        const readBy = new Set<string>(settingText(schema).readBy);
        assert.ok(
          readersBy(file).some((reader) => readBy.has(reader)),
          `${name}: src/${file} reads it`,
        );
      }
    }
  });

  it('name the defaults that follow from ENVIRONMENT', () => {
    const unset = (name: string) => settingText(variables.find(([one]) => one === name)![1]).unset;
    const [production, staging, other] = ['production', 'staging', 'development'].map((ENVIRONMENT) =>
      batchSettings(loadConfig({ ENVIRONMENT })),
    );
    assert.equal(
      unset('KAFKA_COMPRESSION'),
      `\`${production!.compression}\` in production, \`${staging!.compression}\` in staging, else \`${other!.compression}\` (\`ENVIRONMENT\`)`,
    );
    assert.equal(production!.size, staging!.size);
    assert.equal(
      unset('KAFKA_BATCH_SIZE'),
      `${production!.size} in production and staging, else ${other!.size} (\`ENVIRONMENT\`)`,
    );
    assert.equal(
      unset('BATCH_LINGER_MS'),
      `${production!.lingerMs} in production, ${staging!.lingerMs} in staging, else ${other!.lingerMs} (\`ENVIRONMENT\`)`,
    );
  });
});

describe('an example of the documents', () => {
  for (const type of DEFINITIONS.keys()) {
    it(`is taken by the schemas of ${type}`, () => {
      const parsed = parseIntent(INTENTS[type as IntentType], DEFINITIONS);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      const fields = RESULT_FIELDS[type as IntentType];
      takes(baseResult.extend(repeatFields.shape).extend(fields.shape), RESULTS[type as IntentType]);
    });
  }

  it('has every field of its payload, so that none is left to guess', () => {
    for (const [type, { schema }] of DEFINITIONS) {
      const { payload } = INTENTS[type as IntentType];
      assert.deepEqual(
        Object.keys((schema as z.ZodObject).shape).filter((field) => !(field in payload)),
        [],
        type,
      );
    }
  });

  for (const type of PUBLISHABLE_EVENT_TYPES) {
    it(`is a payload of ${type} that a PublishEvent may publish`, () => {
      assert.equal(publishEventPayload.parse({ event_type: type, ...EVENTS[type] }).event_type, type);
    });
  }

  it('is taken by the schema of what it shows: list, report, failure and events', () => {
    assert.deepEqual(parseRequest(REQUEST), REQUEST);
    takes(baseResult, FAILURE);
    takes(report, REPORT);
    takes(onexEnvelope, ENVELOPE);
    takes(statePersistedEvent, EVENTS.STATE_PERSISTED);
    takes(fsmStateTransitionedEvent, EVENTS.FSM_STATE_TRANSITIONED);
    takes(operationFailedEvent, EVENTS.OPERATION_FAILED);
    takes(intentResultEvent, INTENT_RESULT);
    takes(recoveredStateEvent, RECOVERED_STATE);
    takes(recoverySummaryEvent, RECOVERY_SUMMARY);
    const read = readEnvelope(Buffer.from(JSON.stringify(INTENT_EMITTED)));
    assert.ok(read.ok, JSON.stringify(read));
    assert.equal(read.list.event_id, INTENT_EMITTED.event_id);
  });

  it('of INTENT_RESULT is of the type that the service publishes', () => {
    type Published = Omit<Verdict, 'correlation_id'>;
    const published = (payload: Published): z.infer<typeof intentResultEvent> => payload;
    const documented = (payload: z.infer<typeof intentResultEvent>): Published => payload;
    assert.equal(published(documented(intentResultEvent.parse(INTENT_RESULT))).outcome, 'completed');
  });
});
