// The long form of the properties, with everything planted: PROPERTY_MINUTES (30), SEED. More arguments go to Jest.
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    'test/properties',
    '--testPathIgnorePatterns=/node_modules/',
    '--maxWorkers=1',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env: { PROPERTY_MINUTES: '30', ...process.env } },
);
process.exit(status ?? 1);
