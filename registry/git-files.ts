import { execFileSync } from 'node:child_process';
import { projectRoot } from '../platform/paths.ts';
import { RegistryError } from './errors.ts';
import type { RegistryFiles } from './files.ts';

/**
 * The registry's files in a commit.
 * @param ref anything that git resolves: a branch, a tag, a hash
 * @throws RegistryError when git does not know the commit
 */
export function gitFiles(ref: string, root: string = projectRoot): RegistryFiles {
  const git = (...words: string[]): Buffer =>
    execFileSync('git', ['-C', root, ...words], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 1024 * 1024 });
  let commit: string;
  try {
    commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`).toString().trim();
  } catch (error) {
    throw new RegistryError(
      `git does not know ${JSON.stringify(ref)} in ${root}: fetch it first (\`git fetch --depth=1 origin ${ref}\`).`,
      { cause: error },
    );
  }
  // Relative to the project, which need not be the top of the repository.
  const readBytes = (path: string): Uint8Array | null => {
    try {
      return git('show', `${commit}:./${path}`);
    } catch {
      return null;
    }
  };
  return {
    name: ref,
    readBytes,
    read: (path) => {
      const bytes = readBytes(path);
      return bytes === null ? null : Buffer.from(bytes).toString('utf8');
    },
    list: (folder) =>
      git('ls-tree', '--name-only', commit, `./${folder}/`)
        .toString()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.slice(line.lastIndexOf('/') + 1))
        .sort(),
  };
}
