/** This module has the section of docs/intents.md about the forms of times. */
export const TIMES = `## Times

One parser reads the times of intents, of requests and of \`--since\`. It takes these forms, writes them as RFC 3339, and rejects all others:

| Form                                           | Example                                                                    | It is                              |
| ---------------------------------------------- | -------------------------------------------------------------------------- | ---------------------------------- |
| RFC 3339, also in lower case                   | \`2026-01-31T12:00:00.123456+02:00\`, \`2026-01-31t12:00:00z\`             | itself, in upper case              |
| no offset                                      | \`2026-01-31T12:00:00\`                                                    | UTC                                |
| a space for \`T\`, or before the offset        | \`2026-01-31 12:00:00+00\`, \`2026-01-31 12:00:00 +0000\`                 | as with \`T\` and without a space  |
| a comma before the fraction                    | \`2026-01-31 12:00:00,123\`                                                | as with a point                    |
| no seconds                                     | \`2026-01-31T12:00Z\`                                                      | second 0                           |
| an offset without a colon or without minutes   | \`2026-01-31T12:00:00+0200\`, \`2026-01-31T12:00:00+02\`                  | \`+02:00\`                         |
| the basic form                                 | \`20260131T120000Z\`                                                       | \`2026-01-31T12:00:00Z\`           |
| more than six digits of a second               | \`2026-01-31T12:00:00.123456789Z\`                                         | cut to microseconds, never rounded |
| a zone in brackets, or Go's abbreviation       | \`2026-01-31T12:00+01:00[Europe/Paris]\`, \`2026-01-31 12:00:00 +0000 UTC\` | its offset; the name is not read   |

Rejected are second 60, hour 24, days that the calendar does not have, dates without a time, week dates, ordinal dates, and numbers. So are years other than
0001 to 9999, offsets beyond 15:59, and a zone without an offset. Rows of other writers may hold more.
\`infinity\` and \`-infinity\` are shown so. Years before 1 or after 9999 are shown as ISO 8601 has them: \`-000043-03-15T12:00:00.000000Z\` (44 BC).
\`--since\` also takes how long ago it was: \`30m\`, \`12h\` or \`7d\`.`;
