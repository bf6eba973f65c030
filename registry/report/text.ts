import type { CheckReport } from '../check/check.ts';
import type { Finding } from '../check/finding.ts';
import { affectedLine, headline, type Level, levelOf, suggestions } from './summary.ts';

/** Colours a word by its level; returns it as it is where there are no colours. */
export type Paint = (level: Level | 'quiet', text: string) => string;

const WORDS: Readonly<Record<Level, string>> = { error: 'FAILS', warning: 'LOOK ', note: 'fine ' };

/** The report for a terminal. @param all also lists what is harmless */
export function textReport(report: CheckReport, paint: Paint, all: boolean): string {
  const told = report.findings.filter((finding) => all || levelOf(finding) !== 'note');
  const quiet = report.findings.length - told.length;
  return [
    paint(report.passed ? 'note' : 'error', headline(report)),
    `${report.next} compared with ${report.base}: ${report.contracts.length} contract versions, ${report.operations} registered operations.`,
    ...told.map((finding) => entry(finding, paint)),
    ...(quiet > 0 ? [paint('quiet', `${quiet} harmless changes are not listed (--all lists them).`)] : []),
    ...report.notes.map((note) => paint('quiet', note)),
    ...documents(told, paint),
  ].join('\n\n');
}

function entry(finding: Finding, paint: Paint): string {
  const level = levelOf(finding);
  const { rule, id, message, reason, advice, contracts, owners, source, approval, affected } = finding;
  const lines = [
    `${paint(level, WORDS[level])} ${message}`,
    paint('quiet', `      ${rule} ${id}${source ? ` ${source.file}:${source.line}` : ''}`),
  ];
  if (contracts.length > 0) lines.push(`      in ${contracts.join(', ')}`);
  lines.push(`      ${reason}`);
  if (owners.length > 0) lines.push(`      owner ${owners.join(', ')}`);
  for (const one of affected) lines.push(`      - ${affectedLine(one)}`);
  for (const { names } of suggestions(finding)) lines.push(`      ${names} can send another document: see below`);
  if (level === 'error' && advice !== '') lines.push(`      → ${advice}`);
  if (level === 'error' && finding.category !== 'composition')
    lines.push(`      → or: commerce schema approve ${id} --by <who> --reason <why>`);
  if (approval)
    lines.push(
      `      approved by ${approval.by} on ${approval.on}: ${approval.reason}${approval.expires ? ` (until ${approval.expires})` : ''}`,
    );
  return lines.join('\n');
}

/** What clients can send instead, after all findings: those are what somebody has to decide on first. */
function documents(findings: readonly Finding[], paint: Paint): string[] {
  const parts = findings.flatMap((finding) =>
    suggestions(finding).map(({ names, document, notes }) =>
      [
        `${names} can send instead (${notes.join('; ')}):`,
        ...document.split('\n').map((line) => paint('quiet', `  ${line}`)),
      ].join('\n'),
    ),
  );
  return [...new Set(parts)];
}
