/** A switchable server is a port number that refuses connections until it is switched on. Then it leads to a server. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.js';

export interface SwitchableServer {
  /** Address as host:port; the same after each switch. */
  readonly address: string;
  on(): Promise<void>;
  /** Refuses connections again, and breaks those that are open. */
  off(): Promise<void>;
}

/** @param target host:port. */
export async function switchableServer(target: string): Promise<SwitchableServer> {
  const port = await freePort();
  const [hostname, targetPort] = target.split(':');
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  return {
    address: `127.0.0.1:${port}`,
    async on() {
      server = createServer((incoming) => {
        const outgoing = connect(Number(targetPort), hostname);
        keep(incoming);
        keep(outgoing);
        incoming.pipe(outgoing).pipe(incoming);
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async off() {
      if (server === undefined) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      server = undefined;
    },
  };
}
