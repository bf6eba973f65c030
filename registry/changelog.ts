import type { Publication } from './history.ts';
import { SEVERITIES } from './severity.ts';

const TITLES = { breaking: 'Breaking', dangerous: 'May surprise', safe: 'New and safe' } as const;

/** The changelog for the people who build clients, newest first. Markdown. */
export function changelog(publications: readonly Publication[]): string {
  const entries = [...publications].reverse().map((publication) => {
    const { number, publishedAt, version, message, rollbackTo, approval } = publication;
    const parts = [`## ${number} · ${publishedAt.slice(0, 10)} · version ${version}`];
    if (message !== '') parts.push(message);
    if (rollbackTo !== null) parts.push(`Brings back publication ${rollbackTo}.`);
    if (approval) {
      const findings = approval.findings.map((finding) => `- ${finding}`).join('\n');
      parts.push(`${approval.by} answers for what that breaks (${approval.reason}):\n\n${findings}`);
    }
    for (const severity of SEVERITIES) {
      const changes = publication.changes.filter((change) => change.severity === severity);
      if (changes.length === 0) continue;
      const lines = changes.map(
        ({ message: text, contracts }) => `- ${text}${contracts.length ? ` (${contracts.join(', ')})` : ''}`,
      );
      parts.push(`### ${TITLES[severity]}\n\n${lines.join('\n')}`);
    }
    if (publication.changes.length === 0) parts.push('No change for clients.');
    return parts.join('\n\n');
  });
  return [
    '# Changelog of the graph',
    'Written by `commerce schema publish`. In brackets the contracts that a change concerns.',
    ...entries,
  ].join('\n\n').concat('\n'); // biome-ignore format: one part per line
}
