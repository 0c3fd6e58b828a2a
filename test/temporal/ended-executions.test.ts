import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { codecOf } from '../../src/payloads/data-converter.js';
import { createEndedExecutions } from '../../src/temporal/ended-executions.js';
import { keyLine, type KeysFolder, makeKeysFile } from '../payloads/support.js';

describe('the input of an execution, read from its history', () => {
  const input = { intents: ['a'] };
  const plain: Payload = defaultPayloadConverter.toPayload(input);
  let keys: KeysFolder;
  let encrypted: Payload | undefined;
  before(async () => {
    keys = await makeKeysFile(keyLine('a'));
    [encrypted] = await codecOf({ PAYLOAD_KEYS_FILE: keys.path }).encode([plain]);
  });
  after(() => keys.remove());

  /** Reads a history whose first event has the payloads, with a client of the keys. */
  const read = (payloads: Payload[] | undefined, path?: string) => {
    const eventTime = { seconds: 0, nanos: 5_000_000 };
    const started = { workflowType: { name: 'ExecuteListsWorkflow' }, input: { payloads } };
    const events = [{ eventTime, workflowExecutionStartedEventAttributes: started }];
    const loadedDataConverter = { ...defaultDataConverter, payloadCodecs: [codecOf({ PAYLOAD_KEYS_FILE: path })] };
    const client = {
      options: { namespace: 'default', loadedDataConverter },
      workflowService: { getWorkflowExecutionHistory: () => Promise.resolve({ history: { events } }) },
    };
    return createEndedExecutions(client as unknown as Client, 'queue').input({ workflow_id: 'a', run_id: 'b' });
  };

  const said = (value: unknown) => ({ value, type: 'ExecuteListsWorkflow', started_at: '1970-01-01T00:00:00.005Z' });

  it('is decrypted, or read as it is', async () => {
    assert.deepEqual(await read([encrypted!], keys.path), said(input));
    for (const path of [keys.path, undefined]) assert.deepEqual(await read([plain], path), said(input));
  });

  it('does not pass for a wrong one while the key is missing: the read fails, and is tried again', async () => {
    await assert.rejects(read([encrypted!]), {
      name: 'EffectError',
      failureClass: 'unavailable',
      message: 'Temporal: a payload is encrypted with the key "a", and PAYLOAD_KEYS_FILE is not set',
    });
  });

  it('is undefined for what is no JSON, and for no payload', async () => {
    const strange = { metadata: { encoding: Buffer.from('strange') }, data: Buffer.from('x') };
    for (const payloads of [[strange], [], undefined]) assert.deepEqual(await read(payloads), said(undefined));
  });
});
