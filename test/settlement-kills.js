// The long form of subgraphs/settlement/killed.test.ts: killed at SETTLEMENT_KILLS (60) moments of chance. More arguments go to Jest.
import { spawnSync } from 'node:child_process';

const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    'subgraphs/settlement/killed.test.ts',
    '--maxWorkers=1',
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env: { SETTLEMENT_KILLS: '60', ...process.env } },
);
process.exit(status ?? 1);
