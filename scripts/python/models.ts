/** This module makes the Pydantic models of the Python client from the JSON Schemas of the contract. */
import { contractSchemas, type JsonSchema } from '../../src/contract/json-schema.js';
import { typeOf } from './types.js';

/** The schemas whose objects get a class, with its name. Intents have theirs in the schema `intent`. */
const OUTPUTS: Readonly<Record<string, string>> = {
  result: 'Result',
  'persist-state-result': 'PersistStateResult',
  'persist-fsm-transition-result': 'PersistFSMTransitionResult',
  'publish-event-result': 'PublishEventResult',
  'recover-fsm-states-result': 'RecoverFSMStatesResult',
  report: 'IntentsReport',
  envelope: 'OnexEnvelope',
};

/** The names of objects inside of others, by their field. Objects of one name are alike. */
const INSIDE: Readonly<Record<string, string>> = {
  aggregated_data: 'AggregatedData',
  transition_record: 'TransitionRecord',
  transition_history: 'TransitionRecord',
  recovered_states: 'RecoveredState',
};

const WIDTH = 110;

const HEADER = `"""The models of the contract, generated from contract/schemas by \`npm run docs\`: do not edit them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ._sent import Sent
`;

/** Returns the text of the module. @throws Error for a schema that the generator does not know. */
export function pythonModels(): string {
  const schemas = contractSchemas();
  const classes = new Map<string, string>();
  const intents = Object.entries(schemas['intent']?.$defs ?? {}).filter(([, { type }]) => type === 'object');
  for (const [name, schema] of intents) define(classes, name, schema, 'Sent');
  const typed: string[] = [];
  for (const [name, className] of Object.entries(OUTPUTS)) {
    const schema = schemas[name];
    if (schema === undefined) throw new Error(`expected a schema ${name}`);
    if (name === 'report') classes.set('AnyResult', anyResult(typed));
    define(classes, className, schema, 'BaseModel');
    if (/.-result$/.test(name)) typed.push(className);
  }
  const union = alias('Intent', 'An intent of any type.', `Union[${intents.map(([name]) => name).join(', ')}]`);
  return [HEADER, ...classes.values(), union].join('\n\n');
}

/** A result that lacks the fields of its type, such as one that failed, is a \`Result\`. */
const anyResult = (typed: readonly string[]): string =>
  alias(
    'AnyResult',
    'A result with the fields of its type, or a plain one where it has none: it failed, or the report has cut it.',
    `Annotated[Union[${[...typed, 'Result'].join(', ')}], Field(union_mode="left_to_right")]`,
  );

const alias = (name: string, text: string, type: string): string =>
  `${broken(`${name} = ${type}`)}\n${doc(text, '')}\n`;

/** Adds the class of an object to the others, behind those of the objects in it. */
function define(classes: Map<string, string>, name: string, schema: JsonSchema, base: 'Sent' | 'BaseModel'): string {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([field, value]) => {
    if (typeof value === 'boolean') throw new Error(`${name}.${field}: expected a schema`);
    const isSent = base === 'Sent';
    const type =
      name === 'IntentsReport' && field === 'results'
        ? 'list[AnyResult]'
        : typeOf(value, isSent, `${name}.${field}`, (object) => define(classes, classOf(name, field), object, base));
    const given = fieldOf(field, type, required.has(field), isSent ? value.const : undefined);
    return `${broken(`    ${given}`)}\n${doc(value.description ?? field, '    ')}`;
  });
  const text = [
    `class ${name}(${base}):`,
    doc(schema.description ?? name, '    '),
    '',
    `    model_config = ConfigDict(extra="allow")`,
    '',
    ...fields,
    '',
  ].join('\n');
  const there = classes.get(name);
  if (there !== undefined && bodyOf(there) !== bodyOf(text))
    throw new Error(`${name}: expected one class of this name`);
  if (there === undefined) classes.set(name, text);
  return name;
}

/** Returns a class without the text about it, which differs by where it is used. */
const bodyOf = (text: string): string => text.slice(text.indexOf('model_config'));

function classOf(owner: string, field: string): string {
  const name = field === 'payload' ? owner.replace(/Intent$/, 'Payload') : INSIDE[field];
  if (name === undefined) throw new Error(`${owner}.${field}: expected a name for its class in INSIDE`);
  return name;
}

function fieldOf(field: string, type: string, required: boolean, constant: unknown): string {
  if (constant !== undefined) return `${field}: ${type} = ${JSON.stringify(constant)}`;
  if (required) return `${field}: ${type}`;
  return `${field}: ${type.endsWith(' | None') ? type : `${type} | None`} = None`;
}

/** Breaks a line that is too long at each member of its union. */
function broken(line: string): string {
  const [, head = '', items = '', tail = ''] = /^(.*?(?:Literal|Union)\[)([^[\]]*)(\].*)$/.exec(line) ?? [];
  if (line.length <= WIDTH || items === '') return line;
  const indent = /^ */.exec(line)?.[0] ?? '';
  return [head, ...items.split(', ').map((item) => `${indent}    ${item},`), `${indent}${tail}`].join('\n');
}

/** Prints a text as the docstring of what is above it. */
function doc(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.replaceAll('\\', '\\\\').split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && `${indent}"""${last} ${word}`.length <= WIDTH - 3)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  if (lines.length === 1) return `${indent}"""${lines[0]}"""`;
  return [`${indent}"""`, ...lines.map((line) => `${indent}${line}`), `${indent}"""`].join('\n');
}
