import type { CheckReport } from '../check/check.ts';
import { CATEGORIES, type Finding } from '../check/finding.ts';
import { affectedLine, headline, type Level, levelOf } from './summary.ts';

/** The report as data: every finding with all that is known about it. */
export function jsonReport(report: CheckReport): string {
  const findings = report.findings.map((finding) => ({ level: levelOf(finding), ...finding }));
  return JSON.stringify({ headline: headline(report), ...report, findings }, null, 2);
}

/** SARIF 2.1.0, for code scanning. */
export function sarifReport(report: CheckReport): string {
  const rules = [...new Map(report.findings.map((finding) => [finding.rule, finding])).values()];
  return JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'commerce schema check',
              rules: rules.map(({ rule, reason }) => ({
                id: rule,
                shortDescription: { text: rule },
                help: { text: reason },
              })),
            },
          },
          results: report.findings.map((finding) => ({
            ruleId: finding.rule,
            level: levelOf(finding),
            message: { text: details(finding) },
            partialFingerprints: { 'finding/v1': finding.id },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: finding.source?.file ?? 'supergraph.yaml' },
                  region: { startLine: finding.source?.line ?? 1 },
                },
              },
            ],
            ...(finding.approval
              ? { suppressions: [{ kind: 'external', justification: finding.approval.reason }] }
              : {}),
          })),
        },
      ],
    },
    null,
    2,
  );
}

/** JUnit XML: one suite per part of the check; what must not go live is a failure. */
export function junitReport(report: CheckReport): string {
  const suites = CATEGORIES.map((category) => {
    const findings = report.findings.filter((finding) => finding.category === category);
    const cases = findings.map((finding) => {
      const name = `${finding.rule} ${finding.coordinate} ${finding.id}`;
      const body =
        levelOf(finding) === 'error'
          ? `<failure message="${xml(finding.message)}" type="${finding.rule}">${xml(details(finding))}</failure>`
          : `<system-out>${xml(details(finding))}</system-out>`;
      return `    <testcase classname="schema.${category}" name="${xml(name)}">${body}</testcase>`;
    });
    const failures = findings.filter((finding) => levelOf(finding) === 'error').length;
    // A part without findings was looked at, and passed: a suite without tests reads as "not run".
    const passed = `    <testcase classname="schema.${category}" name="nothing to report"/>`;
    return [
      `  <testsuite name="schema.${category}" tests="${Math.max(1, cases.length)}" failures="${failures}">`,
      ...(cases.length > 0 ? cases : [passed]),
      '  </testsuite>',
    ].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="commerce schema check">',
    ...suites,
    '</testsuites>',
  ].join('\n');
}

const COMMANDS: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/** Workflow commands of GitHub Actions: annotations at the line that caused them. */
export function githubReport(report: CheckReport): string {
  const lines = report.findings
    .filter((finding) => levelOf(finding) !== 'note')
    .map((finding) => {
      const place = finding.source ? `file=${property(finding.source.file)},line=${finding.source.line},` : '';
      return `::${COMMANDS[levelOf(finding)]} ${place}title=${property(`${finding.rule} ${finding.coordinate}`)}::${escaped(details(finding))}`;
    });
  return [...lines, `::notice title=Schema check::${escaped(headline(report))}`].join('\n');
}

function details(finding: Finding): string {
  const { message, reason, contracts, owners, affected, advice, id, approval } = finding;
  return [
    message,
    reason,
    ...(contracts.length > 0 ? [`In ${contracts.join(', ')}.`] : []),
    ...(owners.length > 0 ? [`Owner: ${owners.join(', ')}.`] : []),
    ...affected.map((one) => `- ${affectedLine(one)}`),
    ...(advice === '' ? [] : [advice]),
    approval ? `Approved by ${approval.by}: ${approval.reason}` : `Finding ${id}.`,
  ].join('\n');
}

// Control characters cannot be written in XML 1.0 at all, not even escaped.
const xml = (text: string): string =>
  [...text]
    .filter((character) => character >= ' ' || character === '\n' || character === '\t')
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
