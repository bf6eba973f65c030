import type { CheckReport } from '../check/check.ts';
import type { Finding } from '../check/finding.ts';
import { affectedLine, headline, type Level, levelOf, suggestions } from './summary.ts';

const TITLES: Readonly<Record<Level, string>> = {
  error: 'Must not go live',
  warning: 'Look at this',
  note: 'Harmless',
};

/** The report as a comment on a pull request. */
export function markdownReport(report: CheckReport): string {
  const parts = [`## Schema check: ${report.passed ? 'passed' : 'failed'}`, headline(report)];
  for (const level of ['error', 'warning'] as const) {
    const findings = report.findings.filter((finding) => levelOf(finding) === level);
    if (findings.length > 0) parts.push(`### ${TITLES[level]}`, findings.map(entry).join('\n'));
  }
  const harmless = report.findings.filter((finding) => levelOf(finding) === 'note');
  if (harmless.length > 0) {
    const lines = harmless.map(
      ({ message, contracts }) => `- ${message}${contracts.length > 0 ? ` (${contracts.join(', ')})` : ''}`,
    );
    parts.push(`<details><summary>${harmless.length} harmless</summary>\n\n${lines.join('\n')}\n\n</details>`);
  }
  if (report.notes.length > 0) parts.push(report.notes.map((note) => `> ${note}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function entry(finding: Finding): string {
  const { message, rule, id, contracts, owners, reason, advice, affected, source, approval } = finding;
  const place = source ? `, \`${source.file}:${source.line}\`` : '';
  const lines = [
    `- **${message}** ${reason}`,
    `  \`${rule}\` \`${id}\`${place}${contracts.length > 0 ? `; in ${contracts.join(', ')}` : ''}${owners.length > 0 ? `; owner ${owners.join(', ')}` : ''}`,
  ];
  for (const one of affected) lines.push(`  - ${affectedLine(one)}`);
  for (const { names, document, notes } of suggestions(finding)) {
    lines.push(
      `  - ${names} can send instead (${notes.join('; ')}):`,
      '',
      '    ```graphql',
      ...document.split('\n').map((line) => `    ${line}`),
      '    ```',
    );
  }
  if (approval) lines.push(`  - Approved by ${approval.by} on ${approval.on}: ${approval.reason}`);
  else if (advice !== '') lines.push(`  - ${advice}`);
  return lines.join('\n');
}
