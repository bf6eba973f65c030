import { readComposed } from '../../registry/api-schema.ts';
import { readApprovals } from '../../registry/approvals.ts';
import { type CheckReport, check } from '../../registry/check/check.ts';
import { finding } from '../../registry/check/finding.ts';
import { composeSupergraph, subgraphSources } from '../../registry/compose.ts';
import type { CompositionError } from '../../registry/composition-error.ts';
import { parseContracts } from '../../registry/contracts.ts';
import { EVENTS_FILE, parseEvents } from '../../registry/event-schemas.ts';
import { type RegistryFiles, readRequired, workingTree } from '../../registry/files.ts';
import { gitFiles } from '../../registry/git-files.ts';
import { contentHash, readHistory } from '../../registry/history.ts';
import { readOwners } from '../../registry/owners.ts';
import { readPublication } from '../../registry/publication.ts';
import type { Release } from '../../registry/release.ts';
import { parseStates, STATES_FILE } from '../../registry/state-machines.ts';
import { readTrustedDocuments } from '../../registry/trusted-documents.ts';
import { readUsage } from '../../registry/usage.ts';
import { readVersions } from '../../registry/versions.ts';
import { environment } from '../failure.ts';
import { stateTables } from './state-machines.ts';
import { workingRelease } from './working-release.ts';

/**
 * Checks the working tree.
 * @param base a git ref; default: the last publication
 * @throws RegistryError or CommandFailure when the registry's files cannot be read
 */
export function runCheck(base: string | undefined, now: Date): CheckReport {
  const files = workingTree();
  const working = workingRelease();
  const former = base === undefined ? published(files) : committed(gitFiles(base));
  if (working.kind === 'failed') return failedComposition(working.composition.errors, former.name);
  const report = checkAgainst(former, working.release, working.hints, now);
  const behind = base === undefined ? unpublishedOnMain(files) : null;
  return behind === null ? report : { ...report, notes: [behind, ...report.notes] };
}

/** Said when main went on after the publication: the report then holds what others have changed as well. */
function unpublishedOnMain(files: RegistryFiles): string | null {
  const last = readHistory(files).at(-1);
  for (const ref of last ? ['origin/main', 'main'] : []) {
    const main = gitFilesIfKnown(ref);
    if (!main) continue;
    const isBehind = (['supergraph', 'contracts'] as const).some((name) => {
      const text = main.read(PUBLISHED_FILES[name]);
      return text !== null && contentHash(text) !== last?.sources[name];
    });
    return isBehind
      ? `${ref} has unpublished changes since publication ${last?.number}, which are listed here too: compare with --base ${ref} to see those of this change only.`
      : null;
  }
  return null;
}

const PUBLISHED_FILES = { supergraph: 'schema/supergraph.graphql', contracts: 'schema/contracts.yaml' };

/** Null: there is no git here, or no such branch. */
function gitFilesIfKnown(ref: string): RegistryFiles | null {
  try {
    return gitFiles(ref);
  } catch {
    return null;
  }
}

/** Checks any release against another, with the registered operations, owners and approvals of the working tree. */
export function checkAgainst(base: Release, next: Release, hints: readonly string[], now: Date): CheckReport {
  const files = workingTree();
  return check({
    files,
    base,
    next,
    sources: subgraphSources(files),
    versions: readVersions(files),
    documents: readTrustedDocuments(files),
    owners: readOwners(files),
    approvals: readApprovals(files),
    usage: readUsage(files),
    hints,
    stateTables,
    now,
  });
}

/** The last publication. @throws CommandFailure when nothing was published yet */
export function published(files: RegistryFiles): Release {
  const last = readHistory(files).at(-1);
  if (!last)
    throw environment('Nothing was published yet, so there is nothing to compare with: run `commerce schema publish`.');
  return readPublication(files, last);
}

function committed(files: RegistryFiles): Release {
  const composition = composeSupergraph(files);
  if (composition.kind === 'failed')
    throw environment(
      `The schemas of ${files.name} do not compose, so there is nothing to compare with:\n${composition.errors.join('\n')}`,
    );
  return {
    name: files.name,
    graph: readComposed(composition.supergraphSdl),
    contracts: parseContracts(readRequired(files, 'schema/contracts.yaml')),
    states: parseStates(readRequired(files, STATES_FILE)),
    events: parseEvents(readRequired(files, EVENTS_FILE)),
  };
}

/** The error with every place that has a part in it: formats with one place for each finding show the first only. */
function withPlaces({ message, places }: CompositionError): string {
  return places.length < 2
    ? message
    : `${message}\nSee ${places.map(({ file, line }) => `${file}:${line}`).join(', ')}.`;
}

function failedComposition(errors: readonly CompositionError[], base: string): CheckReport {
  const owners = readOwners(workingTree());
  const findings = errors.map((error) => {
    const [first] = error.places;
    return finding({
      category: 'composition',
      rule: error.code,
      severity: 'breaking',
      coordinate: 'supergraph',
      detail: error.message,
      message: withPlaces(error),
      reason: 'The subgraph schemas do not fit together, so there is no graph to serve.',
      advice: error.advice,
      owners: owners.of(
        '',
        error.places.map(({ subgraph }) => subgraph),
      ),
      source: first ? { file: first.file, line: first.line } : null,
    });
  });
  return { passed: false, base, next: 'the working tree', contracts: [], operations: 0, findings, notes: [] };
}
