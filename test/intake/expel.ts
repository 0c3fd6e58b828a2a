/**
 * This module expels the members of a group at once, so that a killed process is missed. The broker itself does so
 * after 30 s without a heartbeat.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Kafka } from 'kafkajs';

const LEAVE_GROUP = 13;

const text = (value: string): Buffer => {
  const length = Buffer.alloc(2);
  length.writeInt16BE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(value)]);
};

/** @param broker host:port of the only broker. */
export async function expelMembers(kafka: Kafka, broker: string, groupId: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([groupId]);
  await admin.disconnect();
  const { hostname, port } = new URL(`tcp://${broker}`);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  for (const { memberId } of groups.flatMap(({ members }) => members)) {
    // The head has the size, the API, its version 1, and a number for the answer.
    const head = Buffer.alloc(12);
    const body = Buffer.concat([text('test'), text(groupId), text(memberId)]);
    head.writeInt32BE(8 + body.length);
    head.writeInt16BE(LEAVE_GROUP, 4);
    head.writeInt16BE(1, 6);
    socket.write(Buffer.concat([head, body]));
    await once(socket, 'data');
  }
  socket.destroy();
}
