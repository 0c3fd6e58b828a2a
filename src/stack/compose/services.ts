/** This module has the port numbers that each service of docker-compose.yml publishes, and the variables it takes. */
import { DEFAULT_DATABASE } from '../native/postgres.js';
import { portOf } from '../native/service.js';
import type { Ports } from '../ports.js';
import type { ServiceName, StackOptions } from '../types.js';

const WELL_KNOWN: Readonly<Record<ServiceName, Ports>> = {
  temporal: { grpc: 7233, ui: 8233 },
  postgres: { postgres: 15432 },
  kafka: { broker: 9092 },
};

export const composePorts = (name: ServiceName): Ports => WELL_KNOWN[name];

export function variablesOf(
  name: ServiceName,
  ports: Ports,
  { namespace, database = DEFAULT_DATABASE }: StackOptions,
): Record<string, string> {
  const port = (role: string): string => String(portOf(ports, role));
  switch (name) {
    case 'temporal':
      return {
        BRIDGE_TEMPORAL_PORT: port('grpc'),
        BRIDGE_TEMPORAL_UI_PORT: port('ui'),
        BRIDGE_TEMPORAL_NAMESPACE: namespace,
      };
    case 'postgres':
      return { BRIDGE_POSTGRES_PORT: port('postgres'), BRIDGE_POSTGRES_DATABASE: database };
    case 'kafka':
      return { BRIDGE_KAFKA_PORT: port('broker') };
  }
}
