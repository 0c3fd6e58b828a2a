/** This module declares the types of kafkajs's own SASL mechanisms, because the package has none for them. */
declare module 'kafkajs/src/broker/saslAuthenticator/*.js' {
  import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs';
  const mechanism: (credentials: object) => (args: AuthenticationProviderArgs) => Authenticator;
  export default mechanism;
}
