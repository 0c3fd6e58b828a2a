/** These tests look for the workers of an execution in descriptions of a task queue. */
import assert from 'node:assert/strict';
import { msToTs } from '@temporalio/common/lib/time.js';
import { lastPollFor } from '../../../src/temporal/versioning/polls-for.js';

const [ONE, TWO] = ['one', 'two'].map((buildId) => ({ deploymentName: 'bridge', buildId }));
const OTHER = { ...ONE, deploymentName: 'other' };
/** The number of a behavior in Temporal's protocol. */
const [PINNED, AUTO_UPGRADE] = [1, 2];

describe('the last poll for an execution', () => {
  const pollers = [ONE, TWO, OTHER, undefined].map((deploymentOptions, index) => ({
    deploymentOptions,
    lastAccessTime: msToTs((index + 1) * 1_000),
  }));
  const seconds = (versioningInfo: object, versioning?: object, polls: readonly object[] = pollers) => {
    const described = { pollers: polls, versioningInfo } as unknown as Parameters<typeof lastPollFor>[0];
    const ms = lastPollFor(described, versioning);
    return ms === null ? null : ms / 1_000;
  };

  it('is one of its version where it is pinned', () => {
    const current = { currentDeploymentVersion: TWO };
    assert.equal(seconds(current, { behavior: PINNED, deploymentVersion: ONE }), 1);
    assert.equal(seconds(current, { behavior: PINNED, deploymentVersion: { ...ONE, buildId: 'gone' } }), null);
  });

  it('is one of the version that gets its next task where it is not', () => {
    const current = { currentDeploymentVersion: ONE };
    assert.equal(seconds(current), 1);
    assert.equal(seconds(current, { behavior: AUTO_UPGRADE, deploymentVersion: TWO }), 1);
    assert.equal(seconds({ ...current, rampingDeploymentVersion: TWO, rampingVersionPercentage: 10 }), 2);
    assert.equal(seconds({ ...current, rampingVersionPercentage: 10 }), 4);
  });

  it('is one of workers without a version where none is current', () => {
    assert.equal(seconds({}), 4);
    assert.equal(seconds({}, undefined, pollers.slice(0, 3)), null);
    assert.equal(seconds({}, undefined, []), null);
  });
});
