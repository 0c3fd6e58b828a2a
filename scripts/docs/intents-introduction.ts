/** This is the head of docs/intents.md. */
export const INTRODUCTION = `# Intents, results and events

This page lists every field of the lists and intents that the service takes, and of the results and events that it returns.
It is generated from the schemas under [src/domain](../src/domain) by \`npm run docs\`; a test parses every example.

How to read the tables:

- A **UUID** is of any version; it is stored in lower case.
- A **time** is ISO 8601, such as \`2026-11-23T10:00:00.123456Z\`. Without an offset it is UTC. The section [Times](#times) has its forms.
- A **state** of a workflow is text of 1 to 50 characters; it is stored in upper case.
- A **whole number** is exact up to 2^53 - 1, because JSON holds no more. A larger one is refused by name, in free fields too.
- A **float** such as \`6.02e23\` is kept in free fields. It is a number from 1e21 on, or one with a fraction; \`1e400\` is refused.
  A decimal that a double cannot hold becomes the nearest double, as with JSON's readers.
- \`a.*.b\` is the field \`b\` of each value in the object \`a\`; \`a[].b\` is the field \`b\` of each element of the list \`a\`.
- A field that is not required may be absent or null, which is the same. Payloads that are kept or published whole keep their nulls.`;
