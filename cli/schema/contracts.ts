import { isInterfaceType, isObjectType } from 'graphql';
import { apiSchema } from '../../registry/api-schema.ts';
import { readContracts } from '../../registry/contracts.ts';
import { workingTree } from '../../registry/files.ts';
import { readTrustedDocuments } from '../../registry/trusted-documents.ts';
import { isExpired, readPublishedSchema, readVersions } from '../../registry/versions.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** `commerce schema contracts` */
export async function contracts(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const files = workingTree();
  const today = new Date().toISOString().slice(0, 10);
  const documents = readTrustedDocuments(files);
  const rows = readContracts().flatMap(({ name, version: current, documents: mode }) =>
    readVersions(files).flatMap((entry) => {
      const text = readPublishedSchema(files, name, entry.version);
      if (text === null) return [];
      const types = Object.values(apiSchema(text).getTypeMap()).filter((type) => !type.name.startsWith('__'));
      const fields = types.reduce(
        (sum, type) => sum + (isObjectType(type) || isInterfaceType(type) ? Object.keys(type.getFields()).length : 0),
        0,
      );
      const state = isExpired(entry, today) ? 'expired' : entry.version === current ? 'current' : 'deprecated';
      const own = documents.filter((document) => document.contract === name && document.version === entry.version);
      return [
        {
          path: `${name}/${entry.version}`,
          state,
          published: entry.published,
          sunset: entry.sunset,
          documents: mode,
          types: types.length,
          fields,
          registered: own.length,
        },
      ];
    }),
  );
  if (invocation.value('format') === 'json') terminal.out(JSON.stringify(rows, null, 2));
  else
    for (const row of rows)
      terminal.out(
        `${terminal.style('bold', row.path.padEnd(30))} ${row.state.padEnd(10)} published ${row.published}  sunset ${row.sunset ?? 'not set   '}  documents ${row.documents.padEnd(21)} ${String(row.fields).padStart(4)} fields  ${row.registered} registered`,
      );
  return EXIT.OK;
}
