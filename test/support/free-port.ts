import getPort, { portNumbers } from 'get-port';

const FIRST = 15_000;
/** Systems lend ports from here on to outgoing connections (Linux from 32768, macOS from 49152). */
const LENT_FROM = 32_768;

/**
 * A port to listen on later, or again: from the range that is lent, one that nobody listens on at the moment can be
 * gone to some connection (Toxiproxy then answers 500).
 */
export const freePort = (): Promise<number> =>
  getPort({ port: portNumbers(FIRST + Math.floor((Math.random() * (LENT_FROM - FIRST)) / 2), LENT_FROM - 1) });
