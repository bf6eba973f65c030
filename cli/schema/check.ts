import { writeFileSync } from 'node:fs';
import type { CheckReport } from '../../registry/check/check.ts';
import { githubReport, jsonReport, junitReport, sarifReport } from '../../registry/report/machine.ts';
import { markdownReport } from '../../registry/report/markdown.ts';
import { headline } from '../../registry/report/summary.ts';
import { type Paint, textReport } from '../../registry/report/text.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment, usage } from '../failure.ts';
import type { Style, Terminal } from '../terminal.ts';
import { FORMATS } from './formats.ts';
import { runCheck } from './run-check.ts';

/** `commerce schema check` */
export async function check(invocation: Invocation): Promise<ExitCode> {
  const report = runCheck(invocation.value('base'), new Date());
  writeReport(report, invocation);
  return report.passed ? EXIT.OK : EXIT.REFUSED;
}

/** Writes a report as the options say. @throws CommandFailure when a file cannot be written */
export function writeReport(report: CheckReport, invocation: Invocation): void {
  const { terminal } = invocation;
  const output = invocation.value('output');
  const format = invocation.value('format') ?? 'text';
  const all = invocation.flag('all');
  for (const entry of invocation.values('report')) {
    const [name, file] = entry.split(/=(.*)/s);
    if (!name || !file || !isFormat(name)) throw usage(`--report takes <format>=<file>; got ${JSON.stringify(entry)}.`);
    write(file, render(report, name, all));
  }
  if (output === undefined) {
    terminal.out(format === 'text' ? textReport(report, paintOn(terminal), all) : render(report, format, all));
    return;
  }
  write(output, render(report, format, all));
  terminal.note(`${headline(report)} Report: ${output}`);
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text.endsWith('\n') ? text : `${text}\n`);
  } catch (error) {
    throw environment(`The report cannot be written to ${file}: ${(error as Error).message}`, error);
  }
}

const isFormat = (name: string) => FORMATS.some((format) => format === name);

function render(report: CheckReport, format: string, all: boolean): string {
  switch (format) {
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
      return textReport(report, (_, text) => text, all);
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
