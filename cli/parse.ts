import { type ParseArgsConfig, parseArgs } from 'node:util';
import { closest } from '../platform/closest.ts';
import { type Command, type Invocation, isTopic, type Option, type Topic } from './command.ts';
import { usage } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** What a command line asks for. */
export type Request =
  | { readonly kind: 'help'; readonly path: readonly (Command | Topic)[] }
  | {
      readonly kind: 'run';
      readonly path: readonly (Command | Topic)[];
      readonly command: Command;
      readonly rest: string[];
    };

/**
 * Follows the words of a command line into the tree.
 * @throws CommandFailure USAGE for a word that is no command, with the one that was probably meant
 */
export function readRequest(root: Topic, words: readonly string[]): Request {
  const path: (Command | Topic)[] = [root];
  let here: Command | Topic = root;
  let wantsHelp = false;
  for (const [at, word] of words.entries()) {
    if (!isTopic(here)) {
      const rest = words.slice(at);
      const end = rest.indexOf('--');
      const own = end === -1 ? rest : rest.slice(0, end);
      if (wantsHelp || own.includes('--help') || own.includes('-h')) return { kind: 'help', path };
      return { kind: 'run', path, command: here, rest };
    }
    if (word === '--help' || word === '-h' || (word === 'help' && !wantsHelp)) {
      wantsHelp = true;
      continue;
    }
    const next: Command | Topic | undefined = here.commands.find(({ name }) => name === word);
    if (!next) throw unknownCommand(path, here, word);
    path.push(next);
    here = next;
  }
  if (isTopic(here) || wantsHelp) {
    if (isTopic(here) && !wantsHelp && path.length > 1) {
      throw usage(`${commandLine(path)} needs a command: ${here.commands.map(({ name }) => name).join(', ')}.`);
    }
    return { kind: 'help', path };
  }
  return { kind: 'run', path, command: here, rest: [] };
}

/** The words that lead to a command, e.g. `commerce schema check`. */
export function commandLine(path: readonly (Command | Topic)[]): string {
  return path.map(({ name }) => name).join(' ');
}

/** @throws CommandFailure USAGE when options or arguments are not the command's */
export function readInvocation(
  path: readonly (Command | Topic)[],
  command: Command,
  given: readonly string[],
  terminal: Terminal,
): Invocation {
  const options = command.options ?? {};
  const words = withNegativeValues(given, options);
  const config: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, option] of Object.entries(options))
    config[name] = { type: option.value === undefined ? 'boolean' : 'string', multiple: option.repeatable ?? false };
  for (const word of words) {
    if (word === '--') break;
    if (word.startsWith('-') && word !== '-') assertOption(path, options, word);
  }
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...words], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage(`${(error as Error).message.split('. ')[0]}. ${seeHelp(path)}`);
  }
  assertArguments(path, command, parsed.positionals);
  const values = (name: string): readonly string[] => {
    const value = parsed.values[name];
    return (Array.isArray(value) ? value : [value]).filter((entry) => typeof entry === 'string');
  };
  for (const [name, { choices }] of Object.entries(options))
    for (const value of values(name))
      if (choices && !choices.includes(value))
        throw usage(`--${name} is one of ${choices.join(', ')}; got ${JSON.stringify(value)}.${meant(value, choices)}`);
  return {
    arguments: parsed.positionals,
    value: (name) => values(name)[0],
    values,
    flag: (name) => parsed.values[name] === true,
    terminal,
  };
}

/** `--units -3` as `--units=-3`: the command says what its numbers may be, instead of "there is no option -3". */
function withNegativeValues(words: readonly string[], options: Readonly<Record<string, Option>>): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const option = joined.at(-1) ?? '';
    const takesValue = option.startsWith('--') && options[option.slice(2)]?.value !== undefined;
    if (takesValue && /^-\d/.test(word)) joined.push(`${joined.pop()}=${word}`);
    else joined.push(word);
  }
  return joined;
}

function assertOption(
  path: readonly (Command | Topic)[],
  options: Readonly<Record<string, Option>>,
  word: string,
): void {
  const name = word.replace(/^--?/, '').split('=')[0] ?? '';
  if (word.startsWith('--') && Object.hasOwn(options, name)) return;
  const names = Object.keys(options);
  throw usage(`${commandLine(path)} has no option ${word.split('=')[0]}.${meant(name, names, '--')} ${seeHelp(path)}`);
}

function assertArguments(path: readonly (Command | Topic)[], command: Command, given: readonly string[]): void {
  const expected = command.arguments ?? [];
  const missing = expected.find((argument, at) => !argument.optional && given[at] === undefined);
  if (missing) throw usage(`${commandLine(path)} needs <${missing.name}>: ${missing.description}. ${seeHelp(path)}`);
  if (given.length > expected.length && !expected.at(-1)?.many)
    throw usage(`${commandLine(path)} takes no argument ${JSON.stringify(given[expected.length])}. ${seeHelp(path)}`);
}

function unknownCommand(path: readonly (Command | Topic)[], here: Topic, word: string) {
  const names = here.commands.map(({ name }) => name);
  return usage(`${commandLine(path)} has no command ${JSON.stringify(word)}.${meant(word, names)} ${seeHelp(path)}`);
}

function meant(word: string, names: readonly string[], prefix = ''): string {
  const guess = closest(word, names);
  return guess === undefined ? '' : ` Did you mean ${prefix}${guess}?`;
}

const seeHelp = (path: readonly (Command | Topic)[]) => `See ${commandLine(path)} --help.`;
