#!/usr/bin/env node
// The command line of the platform: `npx commerce …` in a clone, `node bin/commerce.js …` in an image.
// Builds first when the build is missing or older than the sources, so that a fresh clone needs `npm ci` only.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const built = join(root, 'dist', 'cli', 'main.js');
const buildRecord = join(root, 'dist', '.tsbuildinfo');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** @returns milliseconds of the newest source, 0 where there are no sources (an image carries the build only) */
function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (entry.name.endsWith('.ts')) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

function isStale() {
  if (!existsSync(built) || !existsSync(buildRecord)) return true;
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const folders = include.filter((name) => name !== 'test' && existsSync(join(root, name)));
  return Math.max(...folders.map((name) => newestSource(join(root, name)))) > statSync(buildRecord).mtimeMs;
}

/** @returns whether there is something to run */
function build() {
  if (!existsSync(compiler)) {
    if (existsSync(built)) return true;
    process.stderr.write('commerce is not built and there is no compiler: run `npm ci` first.\n');
    return false;
  }
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    process.stderr.write('commerce could not be built: the sources have the errors above.\n');
    return false;
  }
  // The compiler leaves its record as it is when a source was touched but not changed.
  if (existsSync(buildRecord)) utimesSync(buildRecord, new Date(), new Date());
  return true;
}

const hasSources = existsSync(join(root, 'tsconfig.json')) && existsSync(join(root, 'cli'));
if (hasSources && isStale() && !build()) process.exitCode = 3;
else await import(built);
