/** These tests check when a process asks which version gets new executions. A server that refuses is a fake. */
import assert from 'node:assert/strict';
import { type Asked, eagerStarts } from '../../../src/temporal/versioning/routing.js';

const OWN = { deploymentName: 'bridge', buildId: 'own' };

describe('eager starts of a version', () => {
  /** Makes a server that gives one answer after the other, the last one again and again. */
  const serverOf = (...answers: (object | Error)[]) => {
    let asked = 0;
    const describeTaskQueue = () => {
      const answer = answers[Math.min(asked, answers.length - 1)]!;
      asked += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ versioningInfo: answer });
    };
    const client = { workflowService: { describeTaskQueue }, options: { namespace: 'n' } } as unknown as Asked;
    return { client, asked: () => asked };
  };
  const current = { currentDeploymentVersion: OWN };

  it('are asked for always where workers have no version', async () => {
    const server = serverOf(new Error('not asked'));
    assert.equal(await eagerStarts(server.client, 'q', undefined)(), true);
    assert.equal(server.asked(), 0);
  });

  it('are not asked for while the server does not say which version is current', async () => {
    const eager = eagerStarts(serverOf(new Error('down'), current).client, 'q', OWN, clock(0, 1_000));
    assert.deepEqual([await eager(), await eager()], [false, true]);
  });

  it('go by an answer for a second', async () => {
    const server = serverOf(current, { currentDeploymentVersion: { ...OWN, buildId: 'other' } });
    const eager = eagerStarts(server.client, 'q', OWN, clock(0, 999, 1_000));
    assert.deepEqual([await eager(), await eager(), await eager()], [true, true, false]);
    assert.equal(server.asked(), 2);
  });

  it('are not asked for in another deployment, without a current version, and during a ramp', async () => {
    for (const info of [
      { currentDeploymentVersion: { ...OWN, deploymentName: 'other' } },
      {},
      { ...current, rampingDeploymentVersion: { ...OWN, buildId: 'next' } },
      { ...current, rampingVersionPercentage: 50 },
    ])
      assert.equal(await eagerStarts(serverOf(info).client, 'q', OWN)(), false);
  });

  /** Makes a clock that shows one time after the other. */
  function clock(...times: number[]): () => number {
    let shown = 0;
    return () => times[Math.min(shown++, times.length - 1)]!;
  }
});
