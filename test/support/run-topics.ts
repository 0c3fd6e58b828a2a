/** The topics that a run leaves: a broker opens each of them again when it starts, which takes minutes after some runs. */
import { Kafka, logLevel } from 'kafkajs';

/** Names the topics from before to the end of the run. */
const BEFORE = 'TEST_TOPICS_BEFORE';

/** Called once a run, before its first test. */
export async function noteTopics(brokers: readonly string[]): Promise<void> {
  process.env[BEFORE] = JSON.stringify(await withAdmin(brokers, (admin) => admin.listTopics()));
}

/** Called once a run, after its last test. */
export async function deleteTopics(brokers: readonly string[]): Promise<void> {
  const before = new Set(JSON.parse(process.env[BEFORE] ?? '[]') as string[]);
  await withAdmin(brokers, async (admin) => {
    const made = (await admin.listTopics()).filter((name) => !before.has(name) && !name.startsWith('__'));
    if (made.length > 0) await admin.deleteTopics({ topics: made, timeout: 60_000 });
  });
}

type Admin = ReturnType<Kafka['admin']>;

async function withAdmin<T>(brokers: readonly string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, requestTimeout: 90_000 }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
