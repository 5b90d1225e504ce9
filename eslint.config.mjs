// Lint rules that guard what review misses: floating promises, import cycles, and the zones that keep
// workflows/ pure.
import js from '@eslint/js';
import ts from 'typescript-eslint';
import { importX, createNodeResolver } from 'eslint-plugin-import-x';
import stylistic from '@stylistic/eslint-plugin';
import prettier from 'eslint-config-prettier';

/** Each folder may import those before it in this list, and itself. */
const ORDER = [
  'workflows',
  'measurements',
  'document',
  'secrets',
  'store',
  'clickhouse',
  'history',
  'streams',
  'activities',
  'config',
  'importers',
  'recorder',
  'temporal',
  'worker',
  'client',
  'local',
  'bench',
  'test',
];

/** The same within activities/. */
const ACTIVITY_ORDER = [
  'scans',
  'batch',
  'runtime',
  'manifests',
  'streams',
  'export',
  'backfill',
  'audit',
  'verify',
  'preflight',
  'status',
  'watch',
  'webhooks',
];

/** A zone for each folder: it must not import what comes after it. */
function zonesOf(root, order) {
  return order.slice(0, -1).map((folder, at) => ({
    target: `./${root}${folder}`,
    from: order.slice(at + 1).map((later) => `./${root}${later}`),
    message: `imports point one way: ${order.join(' <- ')}`,
  }));
}

export default ts.config(
  { ignores: ['dist/**', '.local/**', 'node_modules/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked],
    plugins: { 'import-x': importX, '@stylistic': stylistic },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mjs', '.js', '.json'] })],
      'import-x/extensions': ['.ts', '.mjs', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      '@stylistic/max-len': ['error', { code: Number.MAX_SAFE_INTEGER, comments: 110, ignoreUrls: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      'import-x/no-default-export': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            ...zonesOf('', ORDER),
            ...zonesOf('activities/', ACTIVITY_ORDER),
            {
              target: './workflows/model',
              from: './workflows',
              except: ['./model'],
              message: 'the domain model knows nothing of the workflows',
            },
            {
              target: './client',
              from: './activities',
              message: 'the client asks the worker',
            },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'config/config.ts reads the environment' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!\\.{1,2}/)(?!@temporalio/(workflow|common)$)',
              message: 'workflows/ may import only @temporalio/workflow and its own files',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['config/config.ts', 'local/**', 'test/**', 'bench/**', 'client/config.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    // node:test's describe/it return promises that the runner itself awaits.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'],
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  prettier,
);
