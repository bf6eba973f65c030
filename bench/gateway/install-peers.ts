import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { projectFile } from '../../platform/paths.ts';

const FOLDER = projectFile('bench', 'gateway', 'peers');

/**
 * Installs the other gateways from npm into a folder of their own, once.
 * @returns their versions, e.g. "@graphql-hive/gateway 2.15.1"
 */
export function installPeers(): string[] {
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const wanted = Object.entries(dependencies);
  if (!wanted.every(([name, version]) => installedVersion(name) === version)) {
    const { status } = spawnSync(
      'npm',
      ['install', '--prefix', FOLDER, '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'],
      { stdio: 'inherit', shell: process.platform === 'win32' },
    );
    if (status !== 0) throw new Error('the other gateways could not be installed: --gateways apollo,ours,floor');
  }
  return wanted.map(([name, version]) => `${name} ${version}`);
}

function installedVersion(name: string): string | null {
  const path = `${FOLDER}/node_modules/${name}/package.json`;
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version : null;
}

/** @throws Error when it is not installed */
export async function importPeer<T>(name: string): Promise<T> {
  const found = createRequire(`${FOLDER}/package.json`).resolve(name);
  // `resolve` finds the entry for `require`; the same packages as modules are beside it.
  return import(pathToFileURL(found.replace(/\.cjs$/, '.js')).href) as Promise<T>;
}
