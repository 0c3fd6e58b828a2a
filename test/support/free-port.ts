import getPort, { portNumbers } from 'get-port';

const FIRST = 15_000;
/** The first port number that systems lend to outgoing connections (Linux from 32768, macOS from 49152). */
const LENT_FROM = 32_768;

/**
 * Returns a free port number to listen on later, or again. It is below the lent ones, of which a free one may soon be
 * taken by a connection (Toxiproxy then answers 500).
 */
export const freePort = (): Promise<number> =>
  getPort({ port: portNumbers(FIRST + Math.floor((Math.random() * (LENT_FROM - FIRST)) / 2), LENT_FROM - 1) });
