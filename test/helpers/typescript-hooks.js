import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const options = {
  jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

// A test starts many processes from the same thousand files: each file is compiled once.
const compiled = join(import.meta.dirname, '../../node_modules/.cache/typescript-hooks');

/** Module hook of Node: turns TypeScript into JavaScript, as Jest does for the tests. */
export function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const source = readFileSync(filename, 'utf8');
  const key = createHash('sha256').update(JSON.stringify(options)).update(filename).update(source).digest('hex');
  return { format: 'module', source: kept(key) ?? keep(key, compile(source, filename)), shortCircuit: true };
}

const compile = (source, filename) => transformSync(source, { ...options, filename }).code;

function kept(key) {
  try {
    return readFileSync(join(compiled, `${key}.js`), 'utf8');
  } catch {
    return null; // not compiled yet
  }
}

/** Written beside its place first: another process may read while this one writes. */
function keep(key, code) {
  const path = join(compiled, `${key}.js`);
  const draft = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(draft, code);
  renameSync(draft, path);
  return code;
}
