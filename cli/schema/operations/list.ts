import { workingTree } from '../../../registry/files.ts';
import { readTrustedDocuments } from '../../../registry/trusted-documents.ts';
import { readUsage } from '../../../registry/usage.ts';
import type { Invocation } from '../../command.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { knownContract } from '../known-contract.ts';

/** `commerce schema operations list` */
export async function list(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const files = workingTree();
  const client = invocation.value('client');
  const contract = invocation.value('contract');
  if (contract !== undefined) knownContract(contract);
  const usage = readUsage(files);
  const documents = readTrustedDocuments(files)
    .filter((document) => client === undefined || document.client === client)
    .filter((document) => contract === undefined || document.contract === contract)
    .map(({ text: _, ...document }) => {
      const seen = (usage?.operations ?? []).filter(
        (entry) => entry.sha256 === document.sha256 && entry.client === document.client,
      );
      const lastSeen =
        seen
          .map((entry) => entry.lastSeen)
          .sort()
          .at(-1) ?? null;
      return { ...document, lastSeen, count: seen.reduce((sum, entry) => sum + entry.count, 0) };
    });
  if (invocation.value('format') === 'json') {
    terminal.out(JSON.stringify(documents, null, 2));
    return EXIT.OK;
  }
  for (const { client: name, contract: of, version, operation, sha256, clientVersions, lastSeen, owner } of documents) {
    const seen = lastSeen === null ? (usage ? 'not seen' : 'usage not recorded') : `last seen ${lastSeen}`;
    terminal.out(
      `${terminal.style('bold', operation)} ${sha256.slice(0, 12)}  ${of}/${version}  ${name} ${clientVersions.join(', ')}  ${owner}  ${terminal.style('dim', seen)}`,
    );
  }
  terminal.note(`${documents.length} documents`);
  return EXIT.OK;
}
