/** This module writes and checks data that must outlive the servers. */
import assert from 'node:assert/strict';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { readTopic } from '../support/console-consumer.js';
import { makeTopics } from '../support/topics.js';
import { cacheDir } from './support.js';
import type { Endpoints } from '../../src/endpoints.js';
import { kafkaOf } from '../support/kafka-of.js';

/** Writes something to each server. */
export async function writeKept({ temporal, postgres, kafka }: Endpoints): Promise<void> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  await client.query('CREATE TABLE kept AS SELECT 1 AS one');
  await client.end();
  const cluster = kafkaOf(kafka);
  const [admin, producer] = [cluster.admin(), cluster.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  await makeTopics(admin, [{ topic: 'kept' }]);
  await producer.send({
    topic: 'kept',
    messages: [{ key: 'k', value: '{"a":\n1}', headers: { h: 'v:w' } }, { value: null }],
  });
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  const connection = await Connection.connect({ address: temporal.address });
  await new Client({ connection }).workflow.start('none', { workflowId: 'kept', taskQueue: 'none' });
  await connection.close();
}

/** Asserts that each server still has its data. */
export async function assertKept({ temporal, postgres, kafka }: Endpoints): Promise<void> {
  const client = new pg.Client(postgres.url);
  await client.connect();
  assert.deepEqual((await client.query('SELECT one FROM kept')).rows, [{ one: 1 }]);
  await client.end();
  assert.deepEqual(await readTopic({ kafka }, cacheDir, 'kept', { expect: 2 }), [
    { key: 'k', value: '{"a":\n1}', headers: { h: 'v:w' } },
    { key: null, value: null, headers: {} },
  ]);
  const connection = await Connection.connect({ address: temporal.address });
  const { status } = await new Client({ connection }).workflow.getHandle('kept').describe();
  assert.equal(status.name, 'RUNNING');
  await connection.close();
}
