/** This process is the service that Restate calls: two durable steps a list, its rows and its messages. */
import * as restate from '@restatedev/restate-sdk';
import { openPlainStores } from '../support/plain-stores.ts';

const stores = await openPlainStores(process.env);
const lists = restate.service({
  name: 'lists',
  handlers: {
    async execute(context, intents) {
      const rows = intents.filter(({ intent_type }) => intent_type !== 'PublishEvent');
      await context.run('persist', () => stores.persist(rows));
      await context.run('publish', () => stores.publish(intents));
    },
  },
});
const port = await restate.serve({ services: [lists], port: 0 });
process.on('disconnect', () => process.exit());
process.send({ port });
