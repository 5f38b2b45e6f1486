import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Whatever this Node knows without an import. */
const nodeGlobals = Object.fromEntries(
  Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']),
);

/** test/architecture/lint.spec.ts sees each of these caught. */
const refusedImports = [
  {
    name: '@nestjs/common',
    importNames: ['forwardRef'],
    message: 'Two providers that need each other are one, or lack a third.',
  },
  {
    name: '@nestjs/common',
    importNames: ['Scope'],
    message:
      'Providers are singletons: a request-scoped one makes everything above it anew for each request.',
  },
  {
    name: '@nestjs/core',
    importNames: ['REQUEST', 'INQUIRER'],
    message: 'Injecting it makes the provider, and everything above it, request-scoped.',
  },
  ...['process', 'node:process'].map((name) => ({
    name,
    message: 'process is global; its environment is read in src/config/env.ts.',
  })),
];

const noSockets = {
  name: 'node:net',
  allowImportNames: ['BlockList', 'SocketAddress', 'isIP', 'isIPv4', 'isIPv6'],
  message: 'A domain may reckon with addresses; it opens no connections.',
};

export default defineConfig(
  {
    ignores: [
      ...['**/dist/', 'coverage/', '.data/', '**/node_modules/'],
      // Made from openapi.json.
      'web/src/api/schema.d.ts',
      // Checked once their clients are generated: test/http/generated-clients.slow-spec.ts.
      ...['test/clients/hey-api/', 'test/clients/openapi-fetch/'],
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest modules are classes that hold nothing but their decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A type and an interface are both fine; what reads better stays.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // DTOs are classes because Swagger and class-validator read their decorators; answers are plain objects.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'migrations/**/*.ts', 'ormconfig.ts'],
    rules: {
      // What is written goes through the logger, which redacts.
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: refusedImports }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read it in src/config/env.ts.' },
      ],
    },
  },
  {
    files: ['src/modules/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='transaction']",
          message: 'UnitOfWork.run() begins every transaction: it knows who acts, and hands their events on.',
        },
      ],
    },
  },
  {
    files: ['src/modules/*/domain/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: [...refusedImports, noSockets] }],
    },
  },
  {
    files: ['web/**/*.{ts,tsx}'],
    rules: {
      // Where somebody is sent: the router catches it.
      '@typescript-eslint/only-throw-error': ['error', { allow: ['Redirect'] }],
      'no-console': 'error',
    },
  },
  { files: ['src/config/env.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      // supertest answers `any` bodies; the tests assert their shape.
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Keys and tokens are ASCII: their characters are what a spread makes of them.
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  { files: ['**/*.mjs'], languageOptions: { globals: nodeGlobals } },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { ...nodeGlobals, module: 'writable' } },
  },
);
