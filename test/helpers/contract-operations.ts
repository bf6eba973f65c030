import { readdirSync, readFileSync } from 'node:fs';
import { projectFile } from '../../platform/paths.ts';

/** One operation as a channel sends it, and the variables of its first example. */
export interface ContractOperation {
  readonly contract: string;
  readonly name: string;
  readonly document: string;
  // biome-ignore lint/suspicious/noExplicitAny: examples differ in form
  readonly variables: any;
}

const FOLDER = projectFile('schema', 'operations');

/** Every operation that the channels rely on, word for word. */
export function contractOperations(): ContractOperation[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: contract }) =>
      readdirSync(`${FOLDER}/${contract}`)
        .filter((file) => file.endsWith('.graphql'))
        .map((file) => {
          const name = file.replace('.graphql', '');
          const [first] = JSON.parse(readFileSync(`${FOLDER}/${contract}/${name}.variables.json`, 'utf8'));
          return {
            contract,
            name,
            document: readFileSync(`${FOLDER}/${contract}/${file}`, 'utf8'),
            variables: first.variables,
          };
        }),
    );
}

/** The document of one operation. */
export function contractOperation(contract: string, name: string): ContractOperation {
  const found = contractOperations().find((operation) => operation.contract === contract && operation.name === name);
  if (!found) throw new Error(`no operation ${contract}/${name}`);
  return found;
}
