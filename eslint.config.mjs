import stylistic from '@stylistic/eslint-plugin'
import { defineConfig } from 'eslint/config'
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript'
import { importX } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'
import { layers } from './tools/eslint/layers.mjs'

const library = ['packages/*/src/**/*.ts']
const commandLine = ['packages/*/src/cli/**/*.ts', 'packages/*/src/node/**/*.ts']
const tests = ['packages/*/test/**/*.ts', 'apps/*/test/**/*.ts', 'examples/**/*.test.ts', 'tools/test/**/*.ts']

/** Types whose `toString` is the notation of the field. */
const printable = ['Irrep', 'MulIrrep', 'Irreps', 'Rational', 'Subscripts', 'NDArray']

const noOnly = {
  selector: "CallExpression[callee.object.name=/^(?:it|test|describe)$/][callee.property.name='only']",
  message: 'A test that runs alone hides all others.',
}

export default defineConfig(
  { ignores: ['**/node_modules/', '**/dist/', '.cache/', '**/coverage/', 'tools/test/fixtures/', 'tools/consumer/'] },
  // Rules hold everywhere: a comment cannot switch one off.
  { linterOptions: { noInlineConfig: true } },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['tsconfig.json', 'tools/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@stylistic': stylistic, 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.mjs'],
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.json' })],
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      // An async function without await is right where an interface promises a promise, also for what it throws.
      '@typescript-eslint/require-await': 'off',
      // What has a notation of its own prints as that; anything else in a text is a slip.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allow: [{ from: 'file', name: printable }] }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Overloads also document.
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'import-x/no-cycle': 'error',
      'import-x/no-self-import': 'error',
      'import-x/no-duplicates': 'error',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }],

      // The few things of layout that have one right form; the rest is the author's hand.
      '@stylistic/semi': ['error', 'never'],
      '@stylistic/member-delimiter-style': ['error', { multiline: { delimiter: 'none' }, singleline: { delimiter: 'semi' } }],
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
      '@stylistic/arrow-parens': ['error', 'always'],
      '@stylistic/comma-spacing': 'error',
      '@stylistic/eol-last': 'error',
      '@stylistic/key-spacing': 'error',
      '@stylistic/keyword-spacing': 'error',
      '@stylistic/max-len': ['error', { code: 160, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreUrls: true, ignoreRegExpLiterals: true }],
      '@stylistic/no-multiple-empty-lines': ['error', { max: 1, maxBOF: 0, maxEOF: 0 }],
      '@stylistic/no-tabs': 'error',
      '@stylistic/no-trailing-spaces': 'error',
      '@stylistic/object-curly-spacing': ['error', 'always'],
      '@stylistic/space-before-blocks': 'error',
      '@stylistic/space-infix-ops': 'error',
    },
  },
  {
    files: library,
    ignores: commandLine,
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', 'process', 'Buffer', '__dirname', '__filename', 'require', 'global', 'setImmediate'],
    },
  },
  {
    // TypeScript checks these files too, but a cast in a comment is invisible to the rules about `any`.
    files: ['**/*.mjs'],
    rules: Object.fromEntries(['argument', 'assignment', 'call', 'member-access', 'return'].map((of) => [`@typescript-eslint/no-unsafe-${of}`, 'off'])),
  },
  { files: tests, rules: { 'no-restricted-syntax': ['error', noOnly] } },
  layers,
)
