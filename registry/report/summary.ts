import type { CheckReport } from '../check/check.ts';
import { type Affected, type Finding, fails } from '../check/finding.ts';

/** How a finding counts in a report. */
export type Level = 'error' | 'warning' | 'note';

/** error: makes the check fail. warning: somebody should look, or has approved it. note: for the record. */
export function levelOf(finding: Finding): Level {
  if (fails(finding)) return 'error';
  return finding.severity === 'safe' ? 'note' : 'warning';
}

/** The outcome in one line. */
export function headline(report: CheckReport): string {
  const count = (level: Level) => report.findings.filter((finding) => levelOf(finding) === level).length;
  const clients = new Set(
    report.findings.filter(fails).flatMap(({ affected }) => affected.map(({ client }) => client)),
  );
  const parts = [
    `${count('error')} that must not go live`,
    `${count('warning')} to look at`,
    `${count('note')} harmless`,
  ];
  const broken = clients.size === 0 ? '' : ` Clients concerned: ${[...clients].join(', ')}.`;
  return `${report.passed ? 'Passed' : 'Failed'}: ${parts.join(', ')}.${broken}`;
}

/** Which operation of whom, and when it was last seen, in one line. */
export function affectedLine({
  client,
  clientVersions,
  operation,
  contract,
  lastSeen,
  count,
  owner,
  contact,
  sha256,
}: Affected): string {
  const who = `${client}${clientVersions.length > 0 ? ` ${clientVersions.join(', ')}` : ''}`;
  const what = operation === null ? 'an operation that is not registered' : `${operation} (${sha256?.slice(0, 8)})`;
  // Without exported usage nothing is said here: the report says it once.
  const seen =
    lastSeen !== null
      ? `; last seen ${lastSeen.slice(0, 10)}, ${count} requests`
      : count === null
        ? ''
        : '; not seen in recorded usage';
  const ask = owner === null ? '' : `; owner ${owner}${contact === null ? '' : ` ${contact}`}`;
  return `${who}: ${what} on ${contract}${seen}${ask}`;
}

/** Affected operations whose clients were given a new document, each document once. */
export function suggestions(
  finding: Finding,
): { readonly names: string; readonly document: string; readonly notes: readonly string[] }[] {
  const byDocument = new Map<string, { names: string[]; notes: readonly string[] }>();
  for (const { client, operation, suggestion } of finding.affected) {
    if (!suggestion) continue;
    const entry = byDocument.get(suggestion.document) ?? { names: [], notes: suggestion.notes };
    entry.names.push(`${client}/${operation}`);
    byDocument.set(suggestion.document, entry);
  }
  return [...byDocument].map(([document, { names, notes }]) => ({ names: names.join(', '), document, notes }));
}
