import type { GraphQLSchema } from 'graphql';
import { apiSchema, contractApi } from '../api-schema.ts';
import type { Approval } from '../approvals.ts';
import { CHANGE_RULES } from '../changes/rules.ts';
import type { RegistryFiles } from '../files.ts';
import { lint } from '../lint/lint.ts';
import type { Owners } from '../owners.ts';
import type { Release } from '../release.ts';
import { SEVERITIES } from '../severity.ts';
import type { StateTables } from '../state-machines.ts';
import type { TrustedDocument } from '../trusted-documents.ts';
import type { UsageSnapshot } from '../usage.ts';
import type { PublishedVersion } from '../versions.ts';
import { addedRules, weakenedRules } from './access-rules.ts';
import { type ContractChange, contractChanges } from './contract-changes.ts';
import { documentFindings } from './document-findings.ts';
import { eventChanges } from './event-changes.ts';
import { type Affected, CATEGORIES, type Finding, fails, finding } from './finding.ts';
import { definingSubgraphs, nearestPlace, type SubgraphSource, sourcePlaces } from './graph-places.ts';
import { groupChanges } from './grouped-changes.ts';
import { hiddenMembers } from './hidden-members.ts';
import { type LiveContract, liveContracts } from './live-contract.ts';
import { BlastRadius, type LiveOperation, liveOperations } from './operations.ts';
import { planFindings } from './plan-findings.ts';
import { stateChanges, unknownStates } from './state-changes.ts';
import { statePlace } from './state-place.ts';
import { tagChange } from './tag-change.ts';
import { usageNotes } from './usage-notes.ts';

export interface CheckInput {
  /** Hold the published API schemas of older versions. */
  readonly files: RegistryFiles;
  readonly base: Release;
  readonly next: Release;
  readonly sources: readonly SubgraphSource[];
  readonly versions: readonly PublishedVersion[];
  readonly documents: readonly TrustedDocument[];
  readonly owners: Owners;
  readonly approvals: readonly Approval[];
  readonly usage: UsageSnapshot | null;
  readonly hints: readonly string[];
  /** Where the transition tables are written. Left out: their findings point to the enums. */
  readonly stateTables?: StateTables;
  readonly now: Date;
}

export interface CheckReport {
  readonly passed: boolean;
  /** What was compared with what. */
  readonly base: string;
  readonly next: string;
  /** Contract versions that were looked at. */
  readonly contracts: readonly string[];
  readonly operations: number;
  readonly findings: readonly Finding[];
  /** What the reader has to know beside the findings. */
  readonly notes: readonly string[];
}

/** Everything that a change does to those who rely on the graph. Pure. */
export function check(input: CheckInput): CheckReport {
  const { files, base, next, versions, documents, owners, usage, now } = input;
  const today = now.toISOString().slice(0, 10);
  const live = liveContracts(files, versions, base, next, today);
  const operations = new Map(live.contracts.map((contract) => [contract, liveOperations(contract, documents)]));
  const changes = live.contracts.flatMap(contractChanges);
  const radius = new BlastRadius(operations, changes, usage, owners);
  const whole = [base, next].map(({ graph }) => apiSchema(contractApi(graph, { include: null, exclude: [] }))) as [
    GraphQLSchema,
    GraphQLSchema,
  ];
  const touching = (coordinate: string): Affected[] => touchedBy(coordinate, operations, radius);
  const found: Finding[] = [
    ...live.gone.map(removedContract),
    ...live.contracts.flatMap(({ kind, path, after }) => (kind === 'kept' ? [] : hiddenMembers(path, after, whole[1]))),
    ...changeFindings(changes, radius, whole),
    ...[
      ...weakenedRules(base.graph.document, next.graph.document),
      ...addedRules(base.graph.document, next.graph.document),
    ].map((entry) => ({
      ...entry,
      affected: entry.severity === 'dangerous' ? touching(entry.coordinate) : [],
    })),
    ...[...stateChanges(base.states, next.states), ...unknownStates(base.graph, next.graph, next.states)].map(
      (entry) => ({
        ...entry,
        source: statePlace((file) => files.read(file), input.stateTables ?? {}, entry.coordinate),
        affected: touching(entry.coordinate.split('.')[0] ?? ''),
      }),
    ),
    ...eventChanges(base.events, next.events, { owners, read: (file) => files.read(file) }),
    ...planFindings(base.graph, next.graph, operations, radius),
    ...lint(next.graph.document, base.graph.document),
  ];
  found.push(...documentFindings(operations, radius, found));
  const subgraphs = [definingSubgraphs(next.graph), definingSubgraphs(base.graph)];
  const places = sourcePlaces(input.sources);
  const findings = found
    .map((entry): Finding => {
      // A removed field is its former owner's, not everybody's who has the type.
      const type = entry.coordinate.split('.')[0] ?? '';
      const names = [entry.coordinate, type]
        .flatMap((at) => subgraphs.map((of) => of(at)))
        .find((list) => list.length > 0);
      return {
        ...entry,
        owners: entry.owners.length > 0 ? entry.owners : owners.of(type, names ?? []),
        source: entry.source ?? nearestPlace(places, entry.coordinate),
        approval: input.approvals.find((approval) => covers(approval, entry, today)) ?? null,
      };
    })
    .sort((a, b) => rank(a) - rank(b));
  return {
    passed: !findings.some(fails),
    base: base.name,
    next: next.name,
    contracts: live.contracts.map(({ path }) => path),
    operations: documents.length,
    findings,
    notes: [...hintNotes(input.hints), ...usageNotes(usage, now), ...approvalNotes(input.approvals, findings, today)],
  };
}

function changeFindings(
  changes: readonly ContractChange[],
  radius: BlastRadius,
  whole: [GraphQLSchema, GraphQLSchema],
): Finding[] {
  return groupChanges(changes.filter(({ kind }) => kind !== 'DESCRIPTION_CHANGED')).map(({ change, all }) => {
    const rule = CHANGE_RULES[change.kind];
    const paths = all.map(({ contract }) => contract.path);
    const common = {
      coordinate: change.coordinate,
      contracts: paths,
      affected: all.flatMap((one) => radius.of(one)),
    };
    const kept = change.contract.kind === 'kept';
    const byTag = kept ? null : tagChange(change, paths, whole);
    if (byTag) return finding({ ...common, category: 'contract', detail: change.detail, ...byTag });
    return finding({
      ...common,
      category: 'schema',
      rule: change.kind,
      severity: change.severity,
      detail: kept ? `kept ${change.detail}` : change.detail,
      message: change.message,
      reason: kept
        ? `${paths.join(', ')} was promised until its sunset and is served from the same graph. ${rule.reason}`
        : rule.reason,
      advice: rule.advice,
    });
  });
}

function removedContract(path: string): Finding {
  return finding({
    category: 'contract',
    rule: 'CONTRACT_REMOVED',
    severity: 'breaking',
    coordinate: path,
    contracts: [path],
    message: `Contract ${path} is no longer in schema/contracts.yaml.`,
    reason: 'Its clients would get 404.',
    advice: 'Keep it until its sunset.',
  });
}

function touchedBy(
  coordinate: string,
  operations: ReadonlyMap<LiveContract, readonly LiveOperation[]>,
  radius: BlastRadius,
): Affected[] {
  return [...operations].flatMap(([contract, own]) =>
    own
      .filter(({ touched }) => touched.has(coordinate))
      .map((operation) => radius.describe(operation, contract, false)),
  );
}

/** Hints about what a reader of the composed graph would trip over; other words for the same thing are left to `compose`. */
function hintNotes(hints: readonly string[]): string[] {
  return hints
    .filter((hint) => !hint.includes('INCONSISTENT_DESCRIPTION'))
    .map((hint) => `Composition hint: ${hint.split('\n')[0]}`);
}

function covers({ id, contracts, expires }: Approval, entry: Finding, today: string): boolean {
  return (
    id === entry.id &&
    (expires === null || today < expires) &&
    entry.contracts.every((path) => contracts.includes(path))
  );
}

function approvalNotes(approvals: readonly Approval[], findings: readonly Finding[], today: string): string[] {
  return approvals.flatMap((approval) => {
    const entry = findings.find(({ id }) => id === approval.id);
    if (!entry) return [];
    if (approval.expires !== null && approval.expires <= today)
      return [`Approval ${approval.id} of ${approval.by} expired on ${approval.expires}.`];
    const more = entry.contracts.filter((path) => !approval.contracts.includes(path));
    return more.length === 0 ? [] : [`Approval ${approval.id} of ${approval.by} was not given for ${more.join(', ')}.`];
  });
}

/** What fails first, then by severity and part; the order of a report. */
function rank(entry: Finding): number {
  return (fails(entry) ? 0 : 1_000) + SEVERITIES.indexOf(entry.severity) * 100 + CATEGORIES.indexOf(entry.category);
}
