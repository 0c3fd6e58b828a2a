/** This command prints the JSON Schemas of what callers send and get. It asks no server. */
import { Command } from 'commander';
import { distance } from 'fastest-levenshtein';
import { jsonSchemaOf } from '../../contract/json-schema.js';
import { CONTRACT } from '../../contract/schemas.js';
import { UsageError } from '../errors.js';
import { contextOf } from '../context.js';

export const schemaCommand = (): Command =>
  new Command('schema')
    .description('print a JSON Schema of the contract, or the names of all')
    .argument('[name]', 'the name of the schema, such as request or report')
    .action((name: string | undefined, _options: unknown, command: Command) => {
      const { out } = contextOf(command);
      if (name === undefined) {
        for (const [known, { io }] of CONTRACT) out.record({ name: known, direction: io });
        const rows = [...CONTRACT].map(([known, { io, schema }]) => [
          known,
          io,
          firstSentence(schema.description ?? ''),
        ]);
        out.table(['name', 'direction', 'what it is'], rows);
        return;
      }
      const schema = CONTRACT.get(name);
      if (schema === undefined)
        throw new UsageError(`expected the name of a schema, such as ${nearest(name)}, got ${name}`);
      const made = jsonSchemaOf(name, schema);
      out.record(made);
      // Lines that are JSON together: a person reads them, and a program takes them without --json, too.
      for (const line of JSON.stringify(made, null, 2).split('\n')) out.line(line);
    });

const firstSentence = (text: string): string => text.split('. ')[0] ?? text;

const nearest = (name: string): string | undefined =>
  [...CONTRACT.keys()].sort((a, b) => distance(a, name) - distance(b, name))[0];
