import { writeFileSync } from 'node:fs';
import type { CheckReport } from '../../registry/check/check.ts';
import { githubReport, jsonReport, junitReport, sarifReport } from '../../registry/report/machine.ts';
import { markdownReport } from '../../registry/report/markdown.ts';
import { headline } from '../../registry/report/summary.ts';
import { type Paint, textReport } from '../../registry/report/text.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment } from '../failure.ts';
import type { Style, Terminal } from '../terminal.ts';
import { runCheck } from './run-check.ts';

/** `commerce schema check` */
export async function check(invocation: Invocation): Promise<ExitCode> {
  const report = runCheck(invocation.value('base'), new Date());
  writeReport(report, invocation);
  return report.passed ? EXIT.OK : EXIT.REFUSED;
}

/** Writes a report as the options say. @throws CommandFailure when the file cannot be written */
export function writeReport(report: CheckReport, invocation: Invocation): void {
  const { terminal } = invocation;
  const output = invocation.value('output');
  const text = render(report, invocation, output === undefined);
  if (output === undefined) {
    terminal.out(text);
    return;
  }
  try {
    writeFileSync(output, text.endsWith('\n') ? text : `${text}\n`);
  } catch (error) {
    throw environment(`The report cannot be written to ${output}: ${(error as Error).message}`, error);
  }
  terminal.note(`${headline(report)} Report: ${output}`);
}

function render(report: CheckReport, invocation: Invocation, onTerminal: boolean): string {
  switch (invocation.value('format')) {
    case 'json':
      return jsonReport(report);
    case 'junit':
      return junitReport(report);
    case 'sarif':
      return sarifReport(report);
    case 'markdown':
      return markdownReport(report);
    case 'github':
      return githubReport(report);
    default:
      return textReport(report, onTerminal ? paintOn(invocation.terminal) : (_, text) => text, invocation.flag('all'));
  }
}

const STYLES: Readonly<Record<Parameters<Paint>[0], Style | readonly Style[]>> = {
  error: ['bold', 'red'],
  warning: 'yellow',
  note: 'green',
  quiet: 'dim',
};

function paintOn(terminal: Terminal): Paint {
  return (level, text) => terminal.style(STYLES[level], text);
}
