/** This module knows the services whose address the environment gives. */
import {
  SERVICE_NAMES,
  type GivenAddresses,
  type KnownEndpoints,
  type ServiceName,
  type StackEndpoints,
} from './types.js';

export function givenEndpoints(given: GivenAddresses): KnownEndpoints {
  const { temporalAddress, temporalUi, namespace, databaseUrl, kafkaBrokers } = given;
  return {
    temporal: temporalAddress === undefined ? null : { address: temporalAddress, namespace, ui: temporalUi ?? null },
    postgres: databaseUrl === undefined ? null : { url: databaseUrl },
    kafka: kafkaBrokers === undefined ? null : { brokers: kafkaBrokers },
  };
}

export const servicesNotGiven = (given: GivenAddresses): ServiceName[] => {
  const endpoints = givenEndpoints(given);
  return SERVICE_NAMES.filter((name) => endpoints[name] === null);
};

/** Returns the address for messages, without user and password. */
export function hostOf(endpoint: StackEndpoints[ServiceName]): string {
  if ('address' in endpoint) return endpoint.address;
  return 'url' in endpoint
    ? URL.canParse(endpoint.url)
      ? decodeURIComponent(new URL(endpoint.url).host)
      : 'an address that is no URL'
    : endpoint.brokers.join(',');
}
