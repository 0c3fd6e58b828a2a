/** This module prints the Python type of a JSON Schema. */
import type { JsonSchema } from '../../src/contract/json-schema.js';
import { withoutNull } from '../docs/json-schema.js';

/** Defines the class of an object, and returns its name. */
type Define = (object: JsonSchema) => string;

/**
 * Returns the type of a value. What a caller sends has its bounds, and what it gets has none: later versions may widen
 * them.
 * @throws Error for a schema that has no type here.
 */
export function typeOf(schema: JsonSchema, isSent: boolean, path: string, define: Define): string {
  const { inner, nullable } = withoutNull(schema);
  return `${plain(inner, isSent, path, define)}${nullable ? ' | None' : ''}`;
}

function plain(schema: JsonSchema, isSent: boolean, path: string, define: Define): string {
  const bounded = (type: string, ...bounds: (string | null)[]): string => {
    const given = bounds.filter((bound) => bound !== null);
    return isSent && given.length > 0 ? `Annotated[${type}, Field(${given.join(', ')})]` : type;
  };
  if (schema.const !== undefined) return `Literal[${literal(schema.const)}]`;
  if (schema.enum !== undefined) return `Literal[${schema.enum.map(literal).join(', ')}]`;
  switch (schema.type) {
    case 'boolean':
      return bounded('bool', 'strict=True');
    case 'integer':
      return bounded('int', 'strict=True', limit('ge', schema.minimum), limit('le', schema.maximum));
    case 'number':
      return bounded('float', limit('gt', schema.exclusiveMinimum), limit('le', schema.maximum));
    case 'string':
      if (!isSent) return 'str';
      if (schema.format === 'uuid') return 'UUID';
      // Times alone have no limit of their length among the texts of an input.
      if (schema.maxLength === undefined) return 'datetime | str';
      return bounded('str', limit('min_length', schema.minLength), limit('max_length', schema.maxLength));
    case 'array': {
      const type = `list[${typeOf(schema.items as JsonSchema, isSent, path, define)}]`;
      return bounded(type, limit('min_length', schema.minItems));
    }
    case 'object':
      if (Object.keys(schema.properties ?? {}).length > 0) return define(schema);
      return `dict[${keys(schema, isSent, path, define)}, ${values(schema, isSent, path, define)}]`;
    default:
      throw new Error(`${path}: expected a schema with a type, got ${JSON.stringify(schema)}`);
  }
}

const keys = ({ propertyNames }: JsonSchema, ...how: [boolean, string, Define]): string =>
  propertyNames === undefined ? 'str' : typeOf(propertyNames as JsonSchema, ...how);

function values({ additionalProperties }: JsonSchema, isSent: boolean, path: string, define: Define): string {
  const isAny = typeof additionalProperties !== 'object' || Object.keys(additionalProperties).length === 0;
  return isAny ? 'Any' : typeOf(additionalProperties, isSent, path, define);
}

const literal = (value: unknown): string => (value === true ? 'True' : JSON.stringify(value));

const limit = (name: string, value: unknown): string | null => (typeof value === 'number' ? `${name}=${value}` : null);
