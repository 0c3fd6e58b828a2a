/** This module knows the services whose address the environment gives. */
import type { Endpoints } from '../endpoints.js';
import { SERVICE_NAMES, type ServiceName, type StackOptions } from './types.js';

export const servicesNotGiven = (given: StackOptions['given']): ServiceName[] =>
  SERVICE_NAMES.filter((name) => given[name] == null);

/** Returns the address for messages, without user and password. */
export function hostOf(endpoint: Endpoints[ServiceName]): string {
  if ('address' in endpoint) return endpoint.address;
  return 'url' in endpoint
    ? URL.canParse(endpoint.url)
      ? decodeURIComponent(new URL(endpoint.url).host)
      : 'an address that is no URL'
    : endpoint.brokers.join(',');
}
