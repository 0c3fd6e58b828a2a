/** This module makes docs/settings.md from src/settings. */
import { z } from 'zod';
import { SETTING_GROUPS } from '../../src/config.js';
import { settingText } from '../../src/settings/setting.js';
import { jsonSchemaOf, typeInWords } from './json-schema.js';
import { code, table } from './markdown.js';

const INTRODUCTION = `# Settings

This page says what each environment variable is, who reads it, and when to change it.
It is generated from [src/settings](../src/settings) by \`npm run docs\`.

A process reads its variables once, when it starts. An empty variable counts as unset. A value that cannot be used ends the process with exit
code 2 and a message that names every such variable.

Without any variable, everything uses the local stack (\`bridge stack up\`). Two installations share servers without touching each other when they differ
in \`TEMPORAL_NAMESPACE\`, \`TEMPORAL_TASK_QUEUE\`, the database and \`KAFKA_TOPIC_PREFIX\`.

The readers are:

- **worker**: \`bridge worker\`;
- **intake**: \`bridge intake\`, and \`bridge worker --intake\`;
- **CLI**: every other command of \`bridge\` that reaches a server;
- **stack**: the code that starts and finds the local servers;
- **client**: \`StoreEffectClient.connect()\`, for the options that it is not given;
- a command by its name, where no other command reads the variable.

An orchestrator passes the values of other variables to \`connect()\`: \`kafka\` with \`brokers\`, \`topicPrefix\`, \`environment\`, \`region\` and
\`compression\`.`;

interface Setting {
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly readBy: string;
  readonly about: string;
  readonly change: string;
}

export function settingsPage(): string {
  const groups = Object.entries(SETTING_GROUPS).map(([title, variables]) => ({
    title,
    settings: Object.entries<z.ZodType>(variables).map(([name, schema]) => settingOf(name, schema)),
  }));
  const overview = table(
    ['Variable', 'Default', 'Read by'],
    groups.flatMap(({ settings }) =>
      settings.map((one) => [
        `[${code(one.name)}](#${one.name.toLowerCase().replace('*', '')})`,
        one.default,
        one.readBy,
      ]),
    ),
  );
  return [
    INTRODUCTION,
    '## Overview',
    overview,
    ...groups.flatMap(({ title, settings }) => [`## ${title}`, ...settings.map(sectionOf)]),
  ].join('\n\n');
}

const sectionOf = (setting: Setting): string =>
  [
    `### ${code(setting.name)}`,
    setting.about,
    `- Type: ${setting.type}\n- Default: ${setting.default}\n- Read by: ${setting.readBy}\n- When to change it: ${setting.change}`,
  ].join('\n\n');

function settingOf(name: string, schema: z.ZodType): Setting {
  const { type, unset, readBy, about, change } = settingText(schema);
  return {
    name,
    type: type ?? typeOf(schema),
    default: unset ?? defaultOf(name, schema),
    readBy: readBy.map((reader) => (reader.startsWith('bridge ') ? code(reader) : reader)).join(', '),
    about,
    change,
  };
}

const typeOf = (schema: z.ZodType): string =>
  isSwitch(schema) ? '`true` or `false`' : typeInWords(jsonSchemaOf(schema, 'input'));

/** Returns whether a setting is a text that stands for true or false; JSON Schema knows of the text only. */
const isSwitch = (schema: z.ZodType): boolean => typeof defaultValue(schema) === 'boolean';

const defaultValue = (schema: z.ZodType): unknown =>
  schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;

/** @throws Error for a variable that neither has a default nor says what holds without a value. */
function defaultOf(name: string, schema: z.ZodType): string {
  const value = defaultValue(schema);
  if (value === undefined) throw new Error(`${name}: expected a default, or \`unset\` in its text`);
  return value === '' ? 'empty' : code(typeof value === 'string' ? value : JSON.stringify(value));
}
