import { fails } from '../../registry/check/finding.ts';
import { workingTree } from '../../registry/files.ts';
import { contentHash, readHistory } from '../../registry/history.ts';
import { withNewVersion } from '../../registry/new-version.ts';
import { publicationFiles } from '../../registry/publication.ts';
import { headline } from '../../registry/report/summary.ts';
import { textReport } from '../../registry/report/text.ts';
import { readVersions } from '../../registry/versions.ts';
import { type FileChange, writeFiles } from '../../registry/write-files.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { checkAgainst, published } from './run-check.ts';
import { workingRelease } from './working-release.ts';

const VERSIONS_FILE = 'schema/versions.yaml';

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
  const last = history.at(-1);
  const { sources, release } = working;
  if (
    last &&
    Object.entries(last.sources).every(([name, hash]) => contentHash(sources[name as keyof typeof sources]) === hash)
  ) {
    terminal.out(`Nothing to publish: the sources give publication ${last.number}.`);
    return EXIT.OK;
  }
  const now = new Date();
  const versions = versionFiles(release.contracts[0]?.version ?? '', invocation.value('migration'), now);
  const report = last && checkAgainst(published(files), release, working.hints, now);
  if (report?.findings.some(fails)) {
    terminal.note(textReport(report, (_, text) => text, false));
    terminal.note('Nothing was published.');
    return EXIT.REFUSED;
  }
  const changes = (report?.findings ?? [])
    .filter(({ category }) => category === 'schema' || category === 'contract')
    .map(({ severity, coordinate, message, contracts }) => ({
      severity,
      coordinate,
      message,
      contracts: [...contracts],
    }));
  const message = invocation.value('message') ?? '';
  writeFiles([...versions, ...publicationFiles(history, { sources, changes, message, at: now })]);
  terminal.out(`Publication ${(last?.number ?? 0) + 1}: ${changes.length} changes for clients. Commit schema/.`);
  if (report) terminal.note(headline(report));
  return EXIT.OK;
}

/** @returns schema/versions.yaml with the version in it; nothing when it is there already */
function versionFiles(version: string, migration: string | undefined, now: Date): FileChange[] {
  const files = workingTree();
  const versions = readVersions(files);
  if (versions.some((entry) => entry.version === version)) return [];
  const former = versions.at(-1);
  if (former && migration === undefined)
    throw usage(`${version} is a new version: say with --migration what clients of ${former.version} do to move on.`);
  if (former && version < former.version)
    throw usage(`schema/contracts.yaml names ${version}, which is older than ${former.version}.`);
  const text = files.read(VERSIONS_FILE) ?? 'versions: {}\n';
  return [
    {
      path: VERSIONS_FILE,
      content: withNewVersion(text, versions, version, now.toISOString().slice(0, 10), migration ?? ''),
    },
  ];
}
