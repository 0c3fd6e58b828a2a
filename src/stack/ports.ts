/** This module chooses the port numbers of a server that is started. */
import getPort, { clearLockedPorts } from 'get-port';

/** Ports are port numbers by the role each has for its server, such as `grpc` or `ui`. */
export type Ports = Readonly<Record<string, number>>;

/**
 * Chooses for each role the remembered port number when it is free, else the well-known one, else any.
 * @param preferred the well-known port number of each role.
 */
export async function choosePorts(preferred: Ports, remembered: Ports = {}): Promise<Ports> {
  const chosen: Record<string, number> = {};
  for (const [role, wellKnown] of Object.entries(preferred)) {
    // A port that get-port handed out before in this process was since bound, or its server never came up. So the
    // system is asked anew.
    clearLockedPorts();
    const wanted = [remembered[role], wellKnown].filter((port) => port !== undefined);
    chosen[role] = await getPort({ port: wanted, exclude: Object.values(chosen) });
  }
  return chosen;
}
