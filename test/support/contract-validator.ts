/**
 * This module validates values by the JSON Schemas of the contract. What the service makes has the fields of its schema
 * and no other, although the schema lets later versions add some.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { closed, dereferenced } from '../../scripts/contract/compatibility.js';
import { jsonSchemaOf } from '../../src/contract/json-schema.js';
import { CONTRACT } from '../../src/contract/schemas.js';

const ajv = new Ajv2020({ validateFormats: false });
const compiled = new Map<string, ValidateFunction>();

/** Returns what is wrong with a value by the schema of this name; null where nothing is. */
export function contractProblem(name: string, value: unknown): string | null {
  const validate = compiled.get(name) ?? compile(name);
  compiled.set(name, validate);
  if (validate(value)) return null;
  return `${name}: ${ajv.errorsText(validate.errors, { dataVar: 'value' })}`;
}

function compile(name: string): ValidateFunction {
  const entry = CONTRACT.get(name);
  if (entry === undefined) throw new Error(`there is no schema ${name}`);
  const schema = dereferenced(jsonSchemaOf(name, entry));
  return ajv.compile(entry.io === 'output' ? closed(schema) : schema);
}
