import { readFileSync, statSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { parse } from 'yaml';
import { projectFile } from '../../platform/paths.ts';
import { junitReport, sarifReport } from '../../registry/report/machine.ts';
import { checkShop } from './small-shop.ts';

const HOSTILE = `Order <"&'>\u0007 ]]> -->`;
const report = () => {
  const checked = checkShop([['order.graphql', '  number: String!', '  orderNumber: String!']]);
  const [first, ...rest] = checked.findings;
  if (!first) throw new Error('a renamed field must be found');
  return { ...checked, findings: [{ ...first, message: HOSTILE, coordinate: HOSTILE }, ...rest] };
};

it('JUnit is well-formed XML, counts what it holds, and keeps the text but for characters that XML cannot have', () => {
  const found = report();
  const suites: { tests: number; failures: number; cases: number; failed: number }[] = [];
  const messages: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const suite = suites.at(-1);
    if (name === 'testsuite')
      suites.push({ tests: Number(attributes.tests), failures: Number(attributes.failures), cases: 0, failed: 0 });
    if (name === 'testcase' && suite) suite.cases += 1;
    if (name === 'failure' && suite) suite.failed += 1;
    if (name === 'failure') messages.push(String(attributes.message));
  });
  parser.write(junitReport(found)).close();
  for (const { tests, failures, cases, failed } of suites) expect([tests, failures]).toEqual([cases, failed]);
  expect(messages).toContain(HOSTILE.replace('\u0007', ''));
});

it('SARIF has the rule of every result, a fingerprint and a place, as code scanning demands', () => {
  const found = report();
  const { version, runs } = JSON.parse(sarifReport(found));
  const [{ tool, results }] = runs;
  const rules = tool.driver.rules.map((rule: { id: string }) => rule.id);
  expect(version).toBe('2.1.0');
  expect(rules).toEqual([...new Set(rules)]);
  expect(results).toHaveLength(found.findings.length);
  for (const result of results) {
    expect(rules).toContain(result.ruleId);
    expect(['error', 'warning', 'note']).toContain(result.level);
    expect(result.message.text).not.toBe('');
    const { artifactLocation, region } = result.locations[0].physicalLocation;
    expect(artifactLocation.uri).toMatch(/^[^/\\]/);
    expect(region.startLine).toBeGreaterThanOrEqual(1);
  }
  const prints = results.map((result: { partialFingerprints: object }) => JSON.stringify(result.partialFingerprints));
  expect(new Set(prints).size).toBe(prints.length);
});

it('the workflow runs the recipe, against the base of the pull request, and reads reports that the recipe writes', () => {
  const read = (...path: string[]) => readFileSync(projectFile(...path), 'utf8');
  const { on, jobs } = parse(read('.github', 'workflows', 'schema-check.yml'));
  const steps: { run?: string; with?: Record<string, unknown> }[] = jobs.check.steps;
  const recipe = read('tools', 'ci', 'schema-check.sh');
  expect(Object.keys(on)).toEqual(['pull_request']);
  expect(steps.map(({ run }) => run)).toContain('tools/ci/schema-check.sh "origin/$GITHUB_BASE_REF"');
  expect(steps[0]?.with).toEqual({ 'fetch-depth': 0 }); // or the base is not there to be compared with
  const wanted = new Set(JSON.stringify(steps).match(/schema-report\/report\.[a-z.]+/g));
  expect(wanted.size).toBeGreaterThan(1);
  for (const report of wanted) expect(recipe).toContain(`=${report.replace('schema-report', '$reports')}"`);
  expect(statSync(projectFile('tools', 'ci', 'schema-check.sh')).mode & 0o111).not.toBe(0);
});
