import { apiSchema } from '../../../registry/api-schema.ts';
import { readClientDocuments } from '../../../registry/client-documents.ts';
import { workingTree } from '../../../registry/files.ts';
import { registerDocuments } from '../../../registry/register-documents.ts';
import { readManifest } from '../../../registry/trusted-documents.ts';
import { publishedSchemaFile, readPublishedSchema } from '../../../registry/versions.ts';
import { writeFiles } from '../../../registry/write-files.ts';
import type { Invocation } from '../../command.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { CommandFailure, usage } from '../../failure.ts';
import { knownContract } from '../known-contract.ts';

/** `commerce schema operations push` */
export async function push(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const files = workingTree();
  const client = required(invocation, 'client');
  const contract = required(invocation, 'contract');
  const definition = knownContract(contract);
  const version = invocation.value('version') ?? definition.version;
  const text = readPublishedSchema(files, contract, version);
  if (text === null)
    throw new CommandFailure(
      EXIT.REFUSED,
      `${contract}/${version} was never published: ${publishedSchemaFile(contract, version)} is missing.`,
    );
  const before = readManifest(files, client);
  const owner = invocation.value('owner') ?? before?.owner;
  if (owner === undefined) throw usage(`Client ${client} is new: say which team to ask about it with --owner.`);
  const result = registerDocuments(
    before,
    readClientDocuments(invocation.arguments),
    {
      client,
      owner,
      contract,
      version,
      clientVersion: invocation.value('client-version') ?? null,
      today: new Date().toISOString().slice(0, 10),
    },
    apiSchema(text),
  );
  writeFiles(result.files);
  terminal.out(
    `${result.added} new, ${result.manifest.documents.length} in all for ${client}. Commit schema/trusted-documents/${client}.`,
  );
  return EXIT.OK;
}

function required(invocation: Invocation, option: string): string {
  const value = invocation.value(option);
  if (value === undefined) throw usage(`--${option} is needed. See commerce schema operations push --help.`);
  return value;
}
