import { changelog } from '../../registry/changelog.ts';
import { workingTree } from '../../registry/files.ts';
import { readHistory } from '../../registry/history.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { usage } from '../failure.ts';
import { knownContract } from './known-contract.ts';

/** `commerce schema changelog` */
export async function showChangelog(invocation: Invocation): Promise<ExitCode> {
  const since = invocation.value('since') ?? '0';
  if (!/^\d{1,9}$/.test(since)) throw usage(`--since takes the number of a publication; got ${JSON.stringify(since)}.`);
  const contract = invocation.value('contract');
  if (contract !== undefined) knownContract(contract);
  const publications = readHistory(workingTree())
    .filter(({ number }) => number > Number(since))
    .map((publication) => ({
      ...publication,
      changes: publication.changes.filter(
        ({ contracts }) => contract === undefined || contracts.some((path) => path.startsWith(`${contract}/`)),
      ),
    }));
  const json = invocation.value('format') === 'json';
  invocation.terminal.out(json ? JSON.stringify(publications, null, 2) : changelog(publications).trimEnd());
  return EXIT.OK;
}
