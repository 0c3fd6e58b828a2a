/** This module lists the generated pages of the documents. */
import { intentsPage } from './intents-page.js';
import { settingsPage } from './settings-page.js';
import { timeOutsPage } from './time-outs-page.js';

/** This command writes all pages anew. */
export const COMMAND = 'npm run docs';

/** The makers of the pages, by path. A page is the same on every machine, and not yet laid out by Prettier. */
export const PAGES = {
  'docs/settings.md': settingsPage,
  'docs/intents.md': intentsPage,
  'docs/time-outs.md': timeOutsPage,
} as const satisfies Readonly<Record<string, () => string>>;

/**
 * Returns a page without what Prettier decides: padding of tables, line breaks of JSON. Laying a page out takes
 * seconds, which a test has not.
 */
export const essenceOf = (page: string): string => page.replace(/\s+/g, '').replace(/-+/g, '-');
