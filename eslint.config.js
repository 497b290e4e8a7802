/** Lint rules: typescript-eslint's strictest set; what is switched off or tuned says why. */

import jsdoc from 'eslint-plugin-jsdoc'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Index access is checked (`noUncheckedIndexedAccess`); in number loops over typed arrays `!` is the only fit form. */
const numericLoops = [
  'src/vectors/**',
  'src/search/**',
  'src/engine/pooling.ts',
  'src/engine/batch.ts',
  'src/models/software-hash.ts',
  'test/**',
]

/** What users of the library call: here types and methods are documented too, and what is thrown. */
const publicSurface = ['src/index.ts', 'src/client/**', 'src/search/**', 'src/adapters/**']

/**
 * `== null` asks for null or undefined in one go: an absent field is either.
 *
 * @type {['error', 'always', object]}
 */
const eqeqeq = ['error', 'always', { null: 'ignore' }]

/** @type {['error', object]} */
const unusedVars = [
  'error',
  {
    argsIgnorePattern: '^_',
    destructuredArrayIgnorePattern: '^_',
    varsIgnorePattern: '^_',
    ignoreRestSiblings: true,
  },
]

/** What is linted with type information. */
const typed = ['**/*.ts', 'tools/{test,check,serve}/**/*.mjs', 'bin/**/*.mjs', 'eslint.config.js']

/**
 * Where the types of a folder's files come from; of two that match, the later. A list for all files would be searched
 * from its start, and each project before the right one compiled for nothing.
 *
 * @type {[folder: string, ...projects: string[]][]}
 */
const projects = [
  ['**', 'tsconfig.json', 'src/worker/tsconfig.json'],
  ['{*,tools/**}', 'tools/tsconfig.json'],
  ['bin/**', 'bin/tsconfig.json'],
  ['bench/**', 'bench/tsconfig.json'],
  ['test/**', 'test/tsconfig.json'],
  ['test/browser/services/**', 'test/browser/services/tsconfig.json'],
]

export default defineConfig(
  {
    ignores: [
      'dist/',
      'dist-demo/',
      'models/',
      'demo/public/',
      'test/fixtures/',
      'test-results/',
      'bench/results/',
      '.cache/',
      // Python's: what its packages bring along is none of ours.
      '**/.venv/',
      // AssemblyScript: TypeScript's syntax with another meaning.
      'src/simd/assembly/',
      'src/search/assembly/',
    ],
  },
  {
    files: typed,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq,
      'no-console': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `CreateEmbeddingResponse<number[]>` says more than the same without what is also the default.
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      // `read<T>(…): T` reads better than the same with an assertion at every call.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // TypeScript's narrowing outlives an `await`: state that changed meanwhile would count as always true.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // An abort rejects with the signal's own reason, whatever that is.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/no-unused-vars': unusedVars,
    },
  },
  ...projects.map(([folder, ...project]) => ({
    files: typed.map((pattern) => [pattern, folder]),
    languageOptions: { parserOptions: { project } },
  })),
  {
    // Plain scripts of the benchmarks and tools: no type information.
    files: ['bench/**/*.{js,mjs}', 'tools/**/*.mjs'],
    ignores: ['tools/{test,check,serve}/**'],
    extends: [tseslint.configs.recommended],
    rules: { eqeqeq, 'prefer-const': 'error', '@typescript-eslint/no-unused-vars': unusedVars },
  },
  { files: numericLoops, rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    // Documentation in prose, types in TypeScript: a tag is asked for only where prose and types cannot say it (what is
    // thrown); tags that are there have to be right.
    files: ['src/**/*.ts'],
    plugins: { jsdoc },
    settings: { jsdoc: { mode: 'typescript' } },
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { FunctionDeclaration: true, ClassDeclaration: true, ArrowFunctionExpression: true },
        },
      ],
      'jsdoc/require-description': ['error', { contexts: ['FunctionDeclaration', 'ClassDeclaration'] }],
      'jsdoc/check-tag-names': 'error',
      'jsdoc/check-param-names': ['error', { checkDestructured: false, disableMissingParamChecks: true }],
      'jsdoc/require-param-description': 'error',
      'jsdoc/require-returns-check': 'error',
      'jsdoc/no-types': 'error',
      'jsdoc/empty-tags': 'error',
    },
  },
  {
    files: publicSurface,
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'],
          require: { FunctionDeclaration: true, ClassDeclaration: true, MethodDefinition: true },
        },
      ],
      'jsdoc/require-throws': 'error',
    },
  },
  {
    files: ['src/**/{utils,util,helpers,helper,manager,types}.ts', 'src/**/*-{utils,helpers,manager}.ts'],
    ignores: ['src/openai/types.ts'],
    rules: {
      'no-restricted-syntax': ['error', { selector: 'Program', message: 'Name the file after what it holds.' }],
    },
  },
  { files: ['demo/**'], rules: { 'no-console': ['error', { allow: ['warn', 'error'] }] } },
  {
    // Commands and tests: their output is the terminal.
    files: ['bin/**', 'tools/**', 'bench/**', 'test/**', '**/*.config.{ts,js}'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      // Tests read JSON fixtures and hand wrong types over on purpose.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
    },
  },
  // Values there are declared only so that the compiler checks their types.
  { files: ['test/types/**'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
)
