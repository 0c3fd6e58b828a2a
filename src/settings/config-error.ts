/** This error names the variables that cannot be used. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Returns the error about variables, each with what was expected of it. */
export const unusable = (...lines: readonly string[]): ConfigError =>
  new ConfigError(`the environment cannot be used:\n  ${lines.join('\n  ')}`);
