/** This module makes the JSON Schemas of the contract, draft 2020-12. */
import { z } from 'zod';
import { CONTRACT, type ContractSchema } from './schemas.js';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/**
 * Makes the JSON Schema of a contract schema.
 * - A time of an input has more forms than `date-time`, so a reader that checks formats would refuse what we take.
 * - An object of an output is open, because later versions may have more fields.
 */
export function jsonSchemaOf(name: string, { io, schema }: ContractSchema): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      if (io === 'input' && jsonSchema.format === 'date-time') delete jsonSchema.format;
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      // `readOnly` would tell a caller to leave the field out. Ours says that no code of ours changes it.
      delete jsonSchema.readOnly;
    },
  });
  return { ...($schema === undefined ? {} : { $schema }), $id: `urn:bridge-store-effect:${name}`, title: name, ...rest };
}

/** Returns the JSON Schemas of the whole contract by name. */
export const contractSchemas = (): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries([...CONTRACT].map(([name, schema]) => [name, jsonSchemaOf(name, schema)]));
