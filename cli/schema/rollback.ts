import { type Finding, fails } from '../../registry/check/finding.ts';
import { workingTree } from '../../registry/files.ts';
import { readHistory } from '../../registry/history.ts';
import { publicationFiles, publicationOf, publicationSources, readPublication } from '../../registry/publication.ts';
import { affectedLine } from '../../registry/report/summary.ts';
import { writeFiles } from '../../registry/write-files.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { CommandFailure, usage } from '../failure.ts';
import { checkAgainst, published } from './run-check.ts';

/** `commerce schema rollback` */
export async function rollback(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const files = workingTree();
  const history = readHistory(files);
  const last = history.at(-1);
  const responsible = readResponsible(invocation);
  const number = wanted(invocation.arguments[0], last?.number);
  if (number === last?.number)
    throw new CommandFailure(EXIT.REFUSED, `Publication ${number} is the one that is published.`);
  const target = publicationOf(history, number);
  const release = readPublication(files, target);
  const now = new Date();
  const report = checkAgainst(published(files), release, [], now);
  // What was added since goes away again: that hurts only those who have begun to use it.
  const broken = report.findings.filter(
    (finding) => fails(finding) && (finding.affected.length > 0 || finding.category === 'access'),
  );
  for (const { message, affected } of broken) {
    terminal.note(`${terminal.style('red', 'breaks')} ${message}`);
    for (const one of affected) terminal.note(`  - ${affectedLine(one)}`);
  }
  if (broken.length > 0 && !responsible) {
    terminal.note(refusal(number, broken));
    return EXIT.REFUSED;
  }
  const approval =
    broken.length > 0 && responsible ? { ...responsible, findings: broken.map(({ message }) => message) } : undefined;
  const changes = report.findings
    .filter(({ category }) => category === 'schema' || category === 'contract')
    .map(({ severity, coordinate, message, contracts }) => ({
      severity,
      coordinate,
      message,
      contracts: [...contracts],
    }));
  if (invocation.flag('dry-run')) {
    const what = approval
      ? `${broken.length} things break, which ${approval.by} answers for`
      : 'no known operation breaks';
    terminal.out(`Publication ${number} can come back: ${changes.length} changes for clients; ${what}.`);
    return EXIT.OK;
  }
  const sources = publicationSources(files, target);
  const message = `Rolled back to publication ${number}.`;
  writeFiles(publicationFiles(history, { sources, changes, message, at: now, rollbackTo: number, approval }));
  terminal.out(`${message} Published as ${(last?.number ?? 0) + 1}.`);
  terminal.note('The sources still give what was rolled back: revert them before the next publication.');
  return EXIT.OK;
}

/** Why it stays as it is, and how somebody can take the responsibility. */
function refusal(number: number, broken: readonly Finding[]): string {
  const weaker = broken.filter(({ category }) => category === 'access').length;
  return [
    `Not rolled back to publication ${number}: ${broken.length} things would break.`,
    ...(weaker > 0 ? [`${weaker} of them weaken access: clients could read or do what is refused to them now.`] : []),
    'Agree with the owners, or take the responsibility, which is kept in the history and the changelog:',
    `  npx commerce schema rollback ${number} --by <who> --reason <why>`,
  ].join('\n');
}

/** Who answers for a rollback that breaks something. @throws CommandFailure USAGE when only half of it is said */
function readResponsible(invocation: Invocation): { by: string; reason: string } | null {
  const by = invocation.value('by');
  const reason = invocation.value('reason');
  if (!by && !reason) return null;
  if (!by || !reason) throw usage('--by and --reason belong together: who answers for it, and why it can be borne.');
  return { by, reason };
}

function wanted(word: string | undefined, last: number | undefined): number {
  if (last === undefined)
    throw new CommandFailure(EXIT.REFUSED, 'Nothing was published yet, so there is nothing to go back to.');
  if (word === undefined) {
    if (last < 2)
      throw new CommandFailure(EXIT.REFUSED, 'There is one publication only, so there is nothing to go back to.');
    return last - 1;
  }
  if (!/^[1-9]\d{0,8}$/.test(word))
    throw usage(`The number of a publication is a whole number; got ${JSON.stringify(word)}.`);
  return Number(word);
}
