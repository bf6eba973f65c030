import type { Finding } from '../../registry/check/finding.ts';
import type { Severity } from '../../registry/severity.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Style } from '../terminal.ts';
import { knownContract } from './known-contract.ts';
import { runCheck } from './run-check.ts';

const STYLES: Readonly<Record<Severity, Style>> = { breaking: 'red', dangerous: 'yellow', safe: 'green' };

/** `commerce schema diff` */
export async function diff(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const only = invocation.values('contract');
  only.forEach(knownContract);
  const report = runCheck(invocation.value('base'), new Date());
  const composition = report.findings.filter(({ category }) => category === 'composition');
  if (composition.length > 0) {
    for (const { message } of composition) terminal.note(terminal.style('red', message));
    return EXIT.REFUSED;
  }
  const shown = (path: string) => only.length === 0 || only.includes(path.split('/')[0] ?? '');
  const byContract = new Map<string, Finding[]>();
  for (const finding of report.findings.filter(({ category }) => category === 'schema' || category === 'contract'))
    for (const path of finding.contracts.filter(shown))
      byContract.set(path, [...(byContract.get(path) ?? []), finding]);
  if (invocation.value('format') === 'json') {
    const entries = [...byContract].map(([path, findings]) => [
      path,
      findings.map(({ rule, severity, coordinate, message }) => ({ rule, severity, coordinate, message })),
    ]);
    terminal.out(JSON.stringify(Object.fromEntries(entries), null, 2));
    return EXIT.OK;
  }
  for (const [path, findings] of byContract) {
    terminal.out(terminal.style('bold', path));
    for (const { severity, message } of findings)
      terminal.out(`  ${terminal.style(STYLES[severity], severity.padEnd(9))} ${message}`);
  }
  terminal.note(
    `${report.next} compared with ${report.base}: ${byContract.size} of ${report.contracts.length} contract versions differ.`,
  );
  return EXIT.OK;
}
