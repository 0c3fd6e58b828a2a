import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Imports point one way; each zone names what it may not see. */
const zones = [
  {
    target: './src/domain',
    from: './src',
    except: ['./domain'],
    message: 'src/domain is pure: it imports nothing of ours',
  },
  { target: './src/domain', from: ['./workflows', './activities'] },
  {
    target: './src/postgres',
    from: ['./workflows', './activities', './src/cli', './src/worker', './src/kafka', './src/client', './src/rollout'],
  },
  {
    target: './src/kafka',
    from: ['./workflows', './activities', './src/cli', './src/worker', './src/postgres', './src/client'],
  },
  { target: './src/flow-control', from: './src', except: ['./flow-control', './domain'] },
  {
    target: './src/temporal',
    from: ['./activities', './src/cli', './src/worker', './src/postgres', './src/kafka', './src/client'],
  },
  {
    target: './src/intake',
    from: ['./workflows', './activities', './src/cli', './src/worker', './src/postgres', './src/client'],
  },
  { target: './src/stack', from: ['./workflows', './activities', './src'], except: ['./stack'] },
  {
    target: './activities',
    from: ['./workflows', './src/postgres', './src/kafka', './src/worker', './src/cli', './src/client'],
  },
  {
    target: './workflows',
    from: ['./activities', './src/postgres', './src/kafka', './src/worker', './src/cli', './src/client'],
  },
  { target: './src/client', from: ['./src/postgres', './src/worker', './src/cli', './src/stack'] },
  { target: './src/worker', from: ['./src/cli', './src/client', './src/rollout'] },
  { target: './src/rollout', from: ['./workflows', './activities', './src/cli', './src/worker', './src/kafka'] },
];

export default defineConfig(
  globalIgnores(['dist', 'coverage', '.cache', '.stack']),
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { typescript: true } },
    rules: {
      'no-console': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Wire fields are snake_case and read by name: `result['event_published']` says that the type does not know it.
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  {
    files: ['src/**', 'activities/**', 'workflows/**'],
    ignores: ['src/config.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'read src/config.ts' }],
    },
  },
  {
    // Workflow code is replayed: nothing of Node, and nothing of zod, may get into the bundle.
    files: ['workflows/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*', 'zod', '**/schema.js', '**/definition.js'], allowTypeImports: true }] },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['it', 'describe'], package: 'mocha' }] },
      ],
    },
  },
  {
    files: ['**/*.{mjs,cjs,js}'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
    languageOptions: { globals: { process: 'readonly', require: 'readonly', module: 'writable', URL: 'readonly' } },
  },
);
