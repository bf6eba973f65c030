import type { SourcePlace } from './finding.ts';

/** Folder of the event contracts; the file of a contract is named after its type. */
const FOLDER = 'events/contracts';

/**
 * Where a part of an event contract is written.
 * @param read gives the text of a file; null when there is none
 * @param path as a finding names it, such as `data.lines[].quantity` or `subject`; the nearest part around it that is there
 * @returns null when the contract has no file
 */
export function eventPlace(read: (file: string) => string | null, type: string, path: string): SourcePlace | null {
  const file = `${FOLDER}/${type}.ts`;
  const source = read(file);
  if (source === null) return null;
  const text = withoutComments(source);
  const [first = '', ...fields] = path.split('.').map((part) => part.replaceAll('[]', ''));
  const start = property(text, first === 'data' ? 'schema' : first, 0) ?? 0;
  let at = start;
  for (const field of fields) {
    // A form that several fields share stands above the contract.
    const found = property(text, field, at) ?? property(text, field, 0);
    if (found === null) break;
    at = found;
  }
  return { file, line: text.slice(0, at).split('\n').length };
}

/** Where a property of an object literal begins, by its name or in short. */
function property(text: string, name: string, from: number): number | null {
  if (!/^\w+$/.test(name)) return null;
  const found = new RegExp(`(?<=[{,\\s])${name}\\s*[:,}]`, 'g');
  found.lastIndex = from;
  return found.exec(text)?.index ?? null;
}

/** Words in comments are no properties. Every character keeps its line. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
}
