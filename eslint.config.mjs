// Lint rules that guard what review misses: floating promises, import cycles, and the zones that keep workflows/ pure.
import js from '@eslint/js';
import ts from 'typescript-eslint';
import { importX, createNodeResolver } from 'eslint-plugin-import-x';
import prettier from 'eslint-config-prettier';

const outside = [
  'measurements',
  'document',
  'activities',
  'worker',
  'client',
  'history',
  'local',
  'bench',
  'test',
];

export default ts.config(
  { ignores: ['dist/**', '.local/**', 'node_modules/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.mjs', '.js', '.json'] })],
      'import-x/extensions': ['.ts', '.mjs', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            {
              target: './workflows',
              from: outside.map((d) => `./${d}`),
              message: 'workflows/ imports only its own pure files',
            },
            {
              target: './workflows/model',
              from: './workflows',
              except: ['./model'],
              message: 'the model stands below the workflows',
            },
            {
              target: './client',
              from: './activities',
              except: ['./streams'],
              message:
                'the client asks the worker; only the record of streams, which is Temporal, it reads itself',
            },
            {
              target: './measurements',
              from: [
                './workflows',
                './document',
                './activities',
                './worker',
                './client',
                './history',
                './local',
              ],
              message: 'measurements/ are pure functions of numbers',
            },
            {
              target: './document',
              from: ['./activities', './worker', './client', './history', './local', './test', './bench'],
              message: 'document/ knows the model and the measurements only',
            },
            { target: './activities', from: ['./client', './worker', './local', './test', './bench'] },
            { target: './history', from: ['./client', './worker', './local', './test', './bench'] },
          ],
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'worker/config.ts reads the environment' },
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
    files: ['worker/config.ts', 'local/**', 'test/**', 'bench/**', 'client/config.ts'],
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
