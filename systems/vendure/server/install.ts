import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Vendure is under the GPL: it is installed beside this project, and runs in a process of its own. */
const PACKAGES = { '@vendure/core': '3.7.3', 'sql.js': '1.16.0' };

/** Where it is, and of what version. */
export interface InstalledVendure {
  readonly folder: string;
  /** A database fits the version that made it. */
  readonly version: string;
}

/**
 * Sees to it that Vendure is installed in a folder of its own, by npm and from its configured registry.
 * @param say told what is being done, a line at a time
 * @throws Error that says what to do by hand
 */
export async function installVendure(folder: string, say: (line: string) => void): Promise<InstalledVendure> {
  const installed = { folder, version: PACKAGES['@vendure/core'] };
  if (await isInstalled(folder)) return installed;
  const names = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'vendure-beside-commerce', private: true, dependencies: PACKAGES }, null, 2)); // biome-ignore format: one thought
  say(`installing ${names.join(' and ')} into ${folder} (170 MB, some minutes) …`);
  try {
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
  } catch (error) {
    throw new Error(`Vendure could not be installed. It needs npm and its registry, once. By hand: cd ${folder} && npm install`, { cause: error }); // biome-ignore format: one thought
  }
  if (!(await isInstalled(folder))) throw new Error(`npm installed no Vendure in ${folder}: empty that folder, and try again`); // biome-ignore format: one thought
  return installed;
}

/** Whether all packages are there, whole, in their versions. */
async function isInstalled(folder: string): Promise<boolean> {
  for (const [name, version] of Object.entries(PACKAGES)) {
    const file = join(folder, 'node_modules', name, 'package.json');
    if (!existsSync(file)) return false;
    const { version: there } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
    if (there !== version) return false;
  }
  // Written by npm at its end.
  return existsSync(join(folder, 'node_modules', '.package-lock.json'));
}
