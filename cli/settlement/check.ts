import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { formatAmount } from '../../platform/money.ts';
import { checkPublishedStatement, isReportRefusal, REPORT_FORMATS } from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment } from '../failure.ts';
import { FORMATS } from './formats.ts';

/** `commerce settlement check` */
export async function check(invocation: Invocation): Promise<ExitCode> {
  const [file = ''] = invocation.arguments;
  if (!existsSync(file)) throw environment(`${file} is not there.`);
  const format = invocation.value('format') as keyof typeof FORMATS | undefined;
  try {
    invocation.terminal.out(
      format === undefined ? await checkStatement(file) : await checkReport(invocation, file, format),
    );
    return EXIT.OK;
  } catch (error) {
    if (!isReportRefusal(error)) throw error;
    invocation.terminal.out(`${invocation.terminal.style('red', error.code)}: ${error.message}`);
    return EXIT.REFUSED;
  }
}

async function checkStatement(file: string): Promise<string> {
  const kind = checkPublishedStatement(await readFile(file, 'utf8'));
  return `${kind}: adds up`;
}

async function checkReport(invocation: Invocation, file: string, format: keyof typeof FORMATS): Promise<string> {
  const encoding = invocation.value('encoding');
  const reader = REPORT_FORMATS[FORMATS[format]]({ channelCode: '', ...(encoding === undefined ? {} : { encoding }) });
  const classes = new Map<string, { count: number; minor: bigint }>();
  const count = (lines: ReturnType<typeof reader.push>) => {
    for (const { class: name, amountMinor } of lines) {
      const known = classes.get(name) ?? { count: 0, minor: 0n };
      classes.set(name, { count: known.count + 1, minor: known.minor + amountMinor });
    }
  };
  for await (const bytes of createReadStream(file)) count(reader.push(bytes));
  const { lines, report } = reader.end();
  count(lines);
  const say = (amountMinor: bigint) => formatAmount({ amountMinor, currencyCode: report.currencyCode });
  const rows = [...classes].map(([name, { count: lineCount, minor }]) => `  ${name.padEnd(16)} ${String(lineCount).padStart(9)} ${say(minor).padStart(16)}`); // biome-ignore format: one thought
  return [
    `settlement ${report.externalId}, ${report.periodStart.toISOString()} to ${report.periodEnd.toISOString()}`,
    ...rows,
    `  total ${' '.repeat(10)} ${say(report.totalMinor).padStart(26)} ${report.currencyCode}: adds up`,
  ].join('\n');
}
