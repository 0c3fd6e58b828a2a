import assert from 'node:assert/strict';
import { ownersOf, type StartedList } from '../../../src/domain/sharing/owners.js';

const asked = { request_id: 'r', request_sha256: 'hash' };
const self = { workflow_id: 'm', started_at: '2026-01-01T00:00:10.000Z' };
const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`;

const alone = (rest: Partial<StartedList> = {}): StartedList => ({
  workflow_id: 'r',
  started_at: at(5),
  running: false,
  outcome: 'completed',
  hashes: { r: 'hash' },
  request_ids: null,
  ...rest,
});
const shared = (rest: Partial<StartedList> = {}): StartedList =>
  alone({ workflow_id: 'a', running: true, outcome: undefined, request_ids: ['r'], ...rest });

const said = (...started: StartedList[]): string => {
  const { conflicts, elsewhere } = ownersOf([asked], started, self);
  return conflicts.has('r') ? 'conflict' : (elsewhere.get('r') ?? 'nobody');
};

describe('who else has a list', () => {
  for (const [what, expected, ...started] of [
    ['nobody, when nothing was started', 'nobody'],
    ['its own execution, which has completed', 'r', alone()],
    ['its own execution, which runs', 'r', alone({ running: true, outcome: 'running' })],
    ['nobody, when its own execution is partial', 'nobody', alone({ outcome: 'partial' })],
    ['nobody, when its own execution failed', 'nobody', alone({ outcome: undefined })],
    ['another list, which is partial', 'conflict', alone({ outcome: 'partial', hashes: { r: 'other' } })],
    ['nobody, when another list failed under its id', 'nobody', alone({ outcome: undefined, hashes: { r: 'other' } })],
    ['another list, when nobody knows the hash of its own execution', 'conflict', alone({ hashes: {} })],
    ['the latest of its own executions', 'r', alone(), alone({ started_at: at(1), hashes: { r: 'other' } })],
    ['nobody, for executions of other lists', 'nobody', alone({ workflow_id: 'q' }), shared({ request_ids: ['q'] })],
    ['a shared execution that began before', 'a', shared()],
    ['the first of two shared executions', 'b', shared(), shared({ workflow_id: 'b', started_at: at(2) })],
    ['nobody, when the other one began later', 'nobody', shared({ started_at: at(11) })],
    ['the one with the lower name of two that began together', 'a', shared({ started_at: at(10) })],
    ['nobody, when the lower name is its own', 'nobody', shared({ started_at: at(10), workflow_id: 'z' })],
    ['nobody, when the shared execution is itself', 'nobody', shared({ workflow_id: 'm', started_at: at(10) })],
    ['nobody, when the shared execution has ended', 'nobody', shared({ running: false })],
    ['another list in a shared execution', 'conflict', shared({ hashes: { r: 'other' } })],
    ['the same list, when nobody knows the hash in a shared execution', 'a', shared({ hashes: {} })],
    ['its own execution before a shared one', 'r', shared({ started_at: at(1) }), alone()],
  ] as const) {
    it(`is ${what}`, () => {
      assert.equal(said(...started), expected);
    });
  }
});
