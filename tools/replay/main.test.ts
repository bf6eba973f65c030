import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';

it('says what to do and fails when no gateway answers', () => {
  const loader = new URL(`file://${projectFile('test', 'helpers', 'run-typescript.js')}`).href;
  const main = projectFile('tools', 'replay', 'main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', loader, main], {
    env: { PATH: process.env.PATH, COMMERCE_URL: 'http://127.0.0.1:9/' },
    encoding: 'utf8',
  });
  expect(stderr).toContain('No gateway answers at http://127.0.0.1:9 (');
  expect(stderr).toContain('npm start');
  expect(stdout).toBe('');
  expect(status).toBe(1);
}, 60_000);
