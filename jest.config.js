const swc = ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }];

export default {
  testEnvironment: '<rootDir>/test/helpers/jest/environment.cjs',
  runtime: '<rootDir>/test/helpers/jest/runtime.cjs',
  testSequencer: '<rootDir>/test/helpers/jest/sequencer.cjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': swc },
  testMatch: ['<rootDir>/**/*.test.ts'],
  // Those that start the whole platform again, and those that are long, have scripts: npm run test:platform, test:planted.
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/dist/',
    '\\.(platform|long|tryton|vendure|mariadb)\\.test\\.ts$',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  watchman: false,
  globalSetup: '<rootDir>/test/helpers/global-setup.ts',
  setupFiles: ['<rootDir>/test/helpers/seeded.ts'],
  globalTeardown: '<rootDir>/test/helpers/global-teardown.ts',
  // Much of the time is waiting for servers: two at once even on two cores.
  maxWorkers: '100%',
  // A machine may be busy; what hangs is found all the same.
  testTimeout: 120_000,
};
