import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { projectFile } from '../../platform/paths.ts';

/**
 * Writes new files and says how to go on; ends the process with 2, with nothing written, when something is wrong or one is there already.
 * @param files texts by paths from the project's folder
 * @param wrong what is wrong with what was asked for
 * @param next the last line: where to read on
 */
export function writeFiles(files: Readonly<Record<string, string>>, wrong: readonly string[], next: string): void {
  const there = Object.keys(files).filter((path) => existsSync(projectFile(path)));
  const problems = [...wrong, ...there.map((path) => `${path} is there already: nothing was written`)];
  if (problems.length > 0) {
    console.error(problems.join('\n'));
    process.exit(2);
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(projectFile(path)), { recursive: true });
    writeFileSync(projectFile(path), text);
    console.log(path);
  }
  const tests = Object.keys(files).filter((path) => path.endsWith('.test.ts'));
  console.log(`\nnpm run format\nnpm run test:jest -- ${tests.join(' ')}    # red: it says what to write\n${next}`);
}
