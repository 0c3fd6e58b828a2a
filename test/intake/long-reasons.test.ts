/** These tests reject lists for reasons that are too long for a header. */
import assert from 'node:assert/strict';
import { dropWorkers, messagesOf, newIds, refusal, setUpWorker, soon } from './support.js';

describe('intake: the reason of a rejection', () => {
  afterEach(dropWorkers);

  it('cuts a long reason of the server between characters', async () => {
    const set = setUpWorker();
    set.says.start = (given) => (given.length > 0 ? Promise.reject(refusal('👨‍👩‍👧‍👦'.repeat(100))) : undefined);
    set.worker.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(set.rejected().length, 1);
    });
    await set.worker.stop();
    const [[, reason = ''] = []] = set.rejected();
    assert.match(reason, /^Temporal refused it: (👨‍👩‍👧‍👦)+…(👨‍👩‍👧‍👦)+$/u);
    assert.ok(reason.length <= 500 && reason.length > 470, String(reason.length));
  });

  it('is cut for a slice that was ended by force, too', async () => {
    const set = setUpWorker();
    let runs = 0;
    set.says.end = () => ((runs += 1), { completed: false, reason: 'a\u0308'.repeat(400) });
    set.worker.offer(messagesOf(newIds(1)));
    await soon(() => {
      assert.equal(set.rejected().length, 1);
    });
    await set.worker.stop();
    const [[, reason = ''] = []] = set.rejected();
    assert.match(reason, /^slice intake\/.*, run run-\d+: (a\u0308)+…(a\u0308)+$/u);
    assert.ok(reason.length <= 500 && reason.length > 490 && runs > 0, String(reason.length));
  });
});
