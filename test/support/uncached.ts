/** Workers of the run keep no workflow in memory: each workflow task replays its execution from its history. */
process.env['MAX_CACHED_WORKFLOWS'] = '0';
