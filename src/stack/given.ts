/** This module knows the services whose address the environment gives. */
import { addressOf, type Endpoints } from '../endpoints.js';
import { SERVICE_NAMES, type ServiceName, type StackOptions } from './types.js';

export const servicesNotGiven = (given: StackOptions['given']): ServiceName[] =>
  SERVICE_NAMES.filter((name) => given[name] == null);

/** Returns the address for messages, without user and password. */
export function hostOf(endpoint: Endpoints[ServiceName]): string {
  if ('address' in endpoint) return endpoint.address;
  return 'url' in endpoint ? addressOf(endpoint) : endpoint.brokers.join(',');
}
