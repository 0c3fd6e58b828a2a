/** A port that refuses connections until it is switched on; then it leads to the server of a URL. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './free-port.js';

export interface SwitchableServer {
  /** The URL, by way of the port. */
  readonly url: string;
  on(): Promise<void>;
  /** Refuses again, and breaks the connections that are open. */
  off(): Promise<void>;
}

export async function switchableServer(target: string): Promise<SwitchableServer> {
  const port = await freePort();
  const { hostname, port: targetPort } = new URL(target);
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  return {
    url: url.href,
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
