import { workingTree } from '../../../registry/files.ts';
import { keepDocuments } from '../../../registry/register-documents.ts';
import { type ClientManifest, readManifest } from '../../../registry/trusted-documents.ts';
import { readUsage } from '../../../registry/usage.ts';
import { writeFiles } from '../../../registry/write-files.ts';
import type { Invocation } from '../../command.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { CommandFailure, usage } from '../../failure.ts';

type Entry = ClientManifest['documents'][number];

/** `commerce schema operations remove` */
export async function remove(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const client = invocation.value('client');
  if (client === undefined) throw usage('--client is needed. See commerce schema operations remove --help.');
  const fits = choice(invocation);
  const files = workingTree();
  const manifest = readManifest(files, client);
  if (!manifest) throw new CommandFailure(EXIT.REFUSED, `Client ${client} has no registered documents.`);
  const chosen = manifest.documents.filter(fits);
  if (chosen.length === 0) {
    terminal.note('No document of the client fits: nothing was removed.');
    return EXIT.REFUSED;
  }
  const seen = new Set(
    readUsage(files)
      ?.operations.filter((entry) => entry.client === client)
      .map(({ sha256 }) => sha256),
  );
  const inUse = chosen.filter(({ sha256 }) => seen.has(sha256));
  if (inUse.length > 0 && !invocation.flag('force')) {
    for (const { operation, sha256 } of inUse)
      terminal.note(`${operation} ${sha256.slice(0, 12)} has been seen in use.`);
    terminal.note('Nothing was removed. Remove it anyway with --force.');
    return EXIT.REFUSED;
  }
  writeFiles(keepDocuments(manifest, (entry) => !chosen.includes(entry)));
  terminal.out(`${chosen.length} removed, ${manifest.documents.length - chosen.length} left for ${client}.`);
  return EXIT.OK;
}

function choice(invocation: Invocation): (entry: Entry) => boolean {
  const operations = invocation.values('operation');
  const hashes = invocation.values('sha256');
  const clientVersion = invocation.value('client-version');
  if (operations.length === 0 && hashes.length === 0 && clientVersion === undefined)
    throw usage('Say which: --operation, --sha256 or --client-version.');
  if (hashes.some((hash) => !/^[0-9a-f]{8,64}$/.test(hash)))
    throw usage('--sha256 takes at least the first 8 hex characters.');
  return ({ operation, sha256, clientVersions }) =>
    operations.includes(operation) ||
    hashes.some((hash) => sha256.startsWith(hash)) ||
    (clientVersion !== undefined && clientVersions.length === 1 && clientVersions[0] === clientVersion);
}
