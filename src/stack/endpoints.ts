/**
 * This module has the addresses of the servers that `up` starts. They are the same for a process and for a container,
 * as both publish on loopback.
 */
import { NATIVE_SERVICES } from './native/index.js';
import type { Ports } from './ports.js';
import type { ServiceName, StackOptions } from './types.js';
import type { Endpoints } from '../endpoints.js';

export const endpointOf = <Name extends ServiceName>(
  name: Name,
  ports: Ports,
  options: StackOptions,
): Endpoints[Name] =>
  (NATIVE_SERVICES[name] as { endpoint(ports: Ports, options: StackOptions): Endpoints[Name] }).endpoint(
    ports,
    options,
  );
