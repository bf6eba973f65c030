import { contractChanges } from '../../registry/check/contract-changes.ts';
import { publishedChanges } from '../../registry/check/grouped-changes.ts';
import { liveContracts } from '../../registry/check/live-contract.ts';
import { workingTree } from '../../registry/files.ts';
import { readHistory } from '../../registry/history.ts';
import { publicationFiles, readPublication } from '../../registry/publication.ts';
import { readVersions } from '../../registry/versions.ts';
import { writeFiles } from '../../registry/write-files.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { workingRelease } from './working-release.ts';

/** `commerce schema publish` */
export async function publish(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const working = workingRelease();
  if (working.kind === 'failed') {
    for (const error of working.composition.errors) terminal.note(`${terminal.style('red', 'error')} ${error}`);
    return EXIT.REFUSED;
  }
  const files = workingTree();
  const history = readHistory(files);
  const versions = readVersions(files);
  const at = new Date();
  const last = history.at(-1);
  const base = last && readPublication(files, last);
  const live = base && liveContracts(files, versions, base, working.release, at.toISOString().slice(0, 10));
  const changes = publishedChanges(live?.contracts.flatMap(contractChanges) ?? []);
  const message = invocation.value('message') ?? '';
  writeFiles(publicationFiles(history, { sources: working.sources, changes, message, at }));
  terminal.out(`published ${(last?.number ?? 0) + 1}: ${changes.length} changes for clients`);
  return EXIT.OK;
}
