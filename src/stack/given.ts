/** Services whose address the environment gives. */
import { SERVICE_NAMES, type GivenAddresses, type KnownEndpoints, type ServiceName } from './types.js';

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
