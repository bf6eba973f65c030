import { readFileSync } from 'node:fs';
import { type ErrorCode, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { CommerceError } from './errors.ts';

/** Mistakes that are told of one file; those after them mostly follow from the first. */
const MOST_TOLD = 5;

const REASONS: Partial<Readonly<Record<ErrorCode, string>>> = {
  DUPLICATE_KEY: 'a key stands there a second time',
  TAB_AS_INDENT: 'a tab where spaces have to stand',
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  MISSING_CHAR: 'a bracket, quote, comma or colon is missing',
  MULTIPLE_DOCS: 'a second document begins',
};

/**
 * Reads a file of configuration. Of one that is no YAML the lines and reasons are told, never its text: it may hold secrets.
 * @param file absolute path
 * @throws CommerceError CONFIGURATION_INVALID when the file cannot be opened or is no YAML
 */
export function readYaml(file: string): unknown {
  return parseYaml(file, readText(file));
}

/**
 * As {@link readYaml}, of a text that was read before.
 * @param file for the message
 * @throws CommerceError CONFIGURATION_INVALID when the text is no YAML
 */
export function parseYaml(file: string, text: string): unknown {
  return parseYamlLines(file, text).value;
}

/** A file of configuration whose places have lines. */
export interface YamlLines {
  readonly value: unknown;
  /** Line of a place, counted from 1; of what holds it, when there is no such place. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** As {@link parseYaml}, for who tells mistakes by their lines. */
export function parseYamlLines(file: string, text: string): YamlLines {
  const refuse = (why: string) => invalid(file, why);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  if (document.errors.length > 0) {
    const places = document.errors.map(({ code, linePos: [at] = [undefined] }) => {
      const reason = REASONS[code] ?? code.toLowerCase().replaceAll('_', ' ');
      return at === undefined ? reason : `line ${at.line}, column ${at.col}: ${reason}`;
    });
    throw refuse([...new Set(places)].slice(0, MOST_TOLD).join('; '));
  }
  try {
    return { value: document.toJS() as unknown, lineOf };
  } catch {
    throw refuse('an alias (*name) stands for nothing before it, or there are too many');
  }

  function lineOf(path: readonly PropertyKey[]): number {
    for (let length = path.length; length > 0; length -= 1) {
      const holder = document.getIn(path.slice(0, length - 1), true);
      const key = isMap(holder) ? holder.items.find((one) => isScalar(one.key) && one.key.value === path[length - 1])?.key : null; // biome-ignore format: one thought
      const node = key ?? document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return counter.linePos(node.range[0]).line;
    }
    return 1;
  }
}

/**
 * The text of a file of configuration, for those who keep it.
 * @param file absolute path
 * @throws CommerceError CONFIGURATION_INVALID when the file cannot be opened
 */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalid(file, error instanceof Error && 'code' in error ? `the file cannot be opened (${error.code})` : 'the file cannot be opened'); // biome-ignore format: one thought
  }
}

function invalid(file: string, why: string): CommerceError {
  return new CommerceError('CONFIGURATION_INVALID', `${file} cannot be read as YAML: ${why}`);
}
