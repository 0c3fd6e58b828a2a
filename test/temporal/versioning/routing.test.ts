/** These tests check when a process asks which version gets new executions. A server that refuses is a fake. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type Asked, eagerStarts } from '../../../src/temporal/versioning/routing.js';

const OWN = { deploymentName: 'bridge', buildId: 'own' };

describe('eager starts of a version', () => {
  /** Makes a server that gives one answer after the other, the last one again and again. */
  const serverOf = (...given: (object | Error)[]) => {
    let asked = 0;
    const describeTaskQueue = () => {
      const answer = given[Math.min(asked, given.length - 1)]!;
      asked += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ versioningInfo: answer });
    };
    const client = { workflowService: { describeTaskQueue }, options: { namespace: 'n' } } as unknown as Asked;
    return { client, asked: () => asked };
  };
  const current = { currentDeploymentVersion: OWN };

  /** Lets the answers come that are on their way. */
  const answers = () => setImmediate();

  it('are asked for always where workers have no version', () => {
    const server = serverOf(new Error('not asked'));
    assert.equal(eagerStarts(server.client, 'q', undefined)(), true);
    assert.equal(server.asked(), 0);
  });

  it('wait for no answer: until there is one, they are not asked for', async () => {
    const eager = eagerStarts(serverOf(current).client, 'q', OWN, () => 0);
    assert.equal(eager(), false);
    await answers();
    assert.equal(eager(), true);
  });

  it('go by an answer that is at most a second old while they are many', async () => {
    const server = serverOf(current, { currentDeploymentVersion: { ...OWN, buildId: 'other' } });
    let now = 0;
    const eager = eagerStarts(server.client, 'q', OWN, () => now);
    const at = async (time: number) => {
      now = time;
      const answer = eager();
      await answers();
      return answer;
    };
    assert.deepEqual([await at(0), await at(1), await at(999), server.asked()], [false, true, true, 1]);
    assert.deepEqual([await at(1_000), await at(1_001), server.asked()], [true, false, 2]);
  });

  it('go by no answer that is older than five seconds, and by one of before while the server is silent', async () => {
    const server = serverOf(current, new Error('down'));
    let now = 0;
    const eager = eagerStarts(server.client, 'q', OWN, () => now);
    eager();
    await answers();
    now = 4_999;
    assert.equal(eager(), true);
    await answers();
    now = 5_000;
    assert.equal(eager(), false);
  });

  it('are not asked for in another deployment, without a current version, and during a ramp', async () => {
    for (const info of [
      { currentDeploymentVersion: { ...OWN, deploymentName: 'other' } },
      {},
      { ...current, rampingDeploymentVersion: { ...OWN, buildId: 'next' } },
      { ...current, rampingVersionPercentage: 50 },
    ]) {
      const eager = eagerStarts(serverOf(info).client, 'q', OWN, () => 0);
      eager();
      await answers();
      assert.equal(eager(), false);
    }
  });
});
