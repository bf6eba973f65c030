import { closest } from '../../../platform/closest.ts';
import { apiSchema } from '../../../registry/api-schema.ts';
import { readClientDocuments } from '../../../registry/client-documents.ts';
import { workingTree } from '../../../registry/files.ts';
import { readOwners } from '../../../registry/owners.ts';
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
  assertTeam(owner, client);
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
  if (before && before.owner !== owner) terminal.note(`${client}: owner changed from ${before.owner} to ${owner}.`);
  terminal.out(
    `${result.added} new, ${result.manifest.documents.length} in all for ${client}. Commit schema/trusted-documents/${client}.`,
  );
  return EXIT.OK;
}

/** @throws CommandFailure USAGE for a team that nobody could ask before a document is broken */
function assertTeam(owner: string, client: string): void {
  const { teams } = readOwners(workingTree());
  if (teams.includes(owner)) return;
  const guess = closest(owner, teams);
  throw usage(
    `Owner ${JSON.stringify(owner)} of client ${client} is no team of schema/owners.yaml. It lists ${teams.join(', ')}.${
      guess === undefined ? '' : ` Did you mean ${guess}?`
    } Say one with --owner. Nothing was registered.`,
  );
}

function required(invocation: Invocation, option: string): string {
  const value = invocation.value(option);
  if (value === undefined) throw usage(`--${option} is needed. See commerce schema operations push --help.`);
  return value;
}
