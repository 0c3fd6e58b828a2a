/** This module has what the pages of all prunes share (ADR 0007, ADR 0029). */

/**
 * Rows of each table in one transaction. The number is the fastest of three that were measured: 1,000,000 of 1,200,000
 * rows (500 MB), beside other work on the same 2 cores. Pages of 5,000 took 6.2 s (30 ms each, 47 at most), and pages
 * of 1,000 took 11.8 s. Pages of 20,000 took 16.6 s, because PostgreSQL reads the table for them.
 */
export const PAGE_ROWS = 5_000;

/** The start of a page that follows one without rows of the table which the cursor is about. */
export const EARLIEST = '0001-01-01T00:00:00Z';

/** SQL of the time before which a prune deletes: `$2`, but never past the retention of `$1` days, whoever asks. */
export const CUTOFF = `LEAST($2::timestamptz, clock_timestamp() - $1::integer * INTERVAL '1 day')`;
