/**
 * This process is one peer, with the callers in it: `peer.mjs NAME`. It makes load when the bench asks for it. The
 * variables are those of the bench's installation.
 */
import { randomUUID } from 'node:crypto';
import { mixed } from '../support/lists.ts';
import { loadFor } from '../support/load.ts';

/** Modules by peer, each with `open(env)`: `{run(requestId, intents), app, engine, close}`. */
const PEERS = {
  dbos: () => import('./dbos.mjs').then(({ open }) => open),
  'dbos-steps': () => import('./dbos.mjs').then(({ openStepwise }) => openStepwise),
  restate: () => import('./restate.mjs').then(({ open }) => open),
  graphile: () => import('./graphile.mjs').then(({ open }) => open),
};

const open = await PEERS[process.argv[2]]();
const peer = await open(process.env);
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  if (message === 'stop') return void peer.close().then(() => process.exit());
  const { size, ...load } = message;
  const call = () =>
    peer.run(
      randomUUID(),
      mixed(size).map((intent) => ({ ...intent, intent_id: randomUUID() })),
    );
  return void loadFor(load, call).then((done) => process.send(done));
});
process.send({ app: [process.pid, ...(peer.app ?? [])], engine: peer.engine ?? [] });
