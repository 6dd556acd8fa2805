import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

// The order of the source: a later part may import an earlier one, never the reverse.
const ORDER = [
  'abi',
  'wire',
  'native',
  'memory',
  'questions',
  'syscalls',
  'policy',
  'trustee',
  'referee',
  'observe',
  'launch',
  'cli',
];

const downhill = ORDER.slice(0, -1).flatMap((part, index) => {
  const later = ORDER.slice(index + 1).join('|');
  const message = `${part} comes before it: imports go ${ORDER.join(' → ')}, a later one may import an earlier one.`;
  const forbid = (files, up) => ({
    files: [files],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: `^${up}(?:${later})(?:/|\\.js$)`, message }] }] },
  });
  return [forbid(`src/${part}/**/*.ts`, '(?:\\.\\./)+'), forbid(`src/${part}.ts`, '\\./')];
});

export default tseslint.config(
  { ignores: ['build/', 'dist/', 'coverage/', '.sysroot/', '.vm/', 'node_modules/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-console': 'off',
      'prefer-const': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) },
    },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  // chai's assertions are expressions.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-unused-expressions': 'off' } },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  ...downhill,
);
