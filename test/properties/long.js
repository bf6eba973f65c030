// The long form of the properties, with everything planted: PROPERTY_MINUTES (30), SEED (a new one each time). Names choose
// among the files; more arguments go to Jest.
import { spawnSync } from 'node:child_process';

const args = process.argv.slice(2);
const options = args.findIndex((arg) => arg.startsWith('-'));
const names = options < 0 ? args : args.slice(0, options);
const files = names.length > 0 ? names.map((name) => `test/properties/.*${name}`) : ['test/properties'];

const SEED = process.env.SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const tellSeed = () => process.stdout.write(`SEED=${SEED} finds the same again\n`);
tellSeed();

const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...files,
    '--testPathIgnorePatterns=/node_modules/',
    '--maxWorkers=1',
    ...args.slice(names.length),
  ],
  { stdio: 'inherit', env: { PROPERTY_MINUTES: '30', ...process.env, SEED } },
);
tellSeed();
process.exit(status ?? 1);
