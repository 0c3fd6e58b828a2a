/** Which ports a started server gets. */
import getPort, { clearLockedPorts } from 'get-port';

/** Port by the role it has for its server, such as `grpc` or `ui`. */
export type Ports = Readonly<Record<string, number>>;

/**
 * For each role the remembered port when it is free, else the well-known one, else any.
 * @param preferred the well-known port of each role.
 */
export async function choosePorts(preferred: Ports, remembered: Ports = {}): Promise<Ports> {
  const chosen: Record<string, number> = {};
  for (const [role, wellKnown] of Object.entries(preferred)) {
    // What get-port handed out before in this process was since bound, or its server never came up: ask the system
    // anew.
    clearLockedPorts();
    const wanted = [remembered[role], wellKnown].filter((port) => port !== undefined);
    chosen[role] = await getPort({ port: wanted, exclude: Object.values(chosen) });
  }
  return chosen;
}
