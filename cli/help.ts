import { type Command, isTopic, type Option, type Topic } from './command.ts';
import { commandLine } from './parse.ts';
import type { Terminal } from './terminal.ts';

/** The help of a command or a topic, ready to print. */
export function help(path: readonly (Command | Topic)[], style: Terminal['style']): string {
  const entry = path.at(-1);
  if (!entry) return '';
  const title = (text: string) => style('bold', text);
  const parts: string[] = [entry.summary];
  if (isTopic(entry)) {
    parts.push(`${title('Usage')}\n  ${commandLine(path)} <command>`);
    parts.push(`${title('Commands')}\n${table(entry.commands.map(({ name, summary }) => [name, summary]))}`);
    parts.push(`${commandLine(path)} <command> --help says more.`);
    return parts.join('\n\n');
  }
  if (entry.description) parts.push(entry.description);
  parts.push(`${title('Usage')}\n  ${[commandLine(path), ...usageWords(entry)].join(' ')}`);
  if (entry.arguments?.length)
    parts.push(
      `${title('Arguments')}\n${table(entry.arguments.map(({ name, description }) => [`<${name}>`, description]))}`,
    );
  const options = Object.entries(entry.options ?? {});
  if (options.length)
    parts.push(
      `${title('Options')}\n${table(options.map(([name, option]) => [optionWords(name, option), about(option)]))}`,
    );
  if (entry.examples?.length)
    parts.push(`${title('Examples')}\n${entry.examples.map((example) => `  ${example}`).join('\n')}`);
  return parts.join('\n\n');
}

function usageWords(command: Command): string[] {
  const words = Object.keys(command.options ?? {}).length > 0 ? ['[options]'] : [];
  for (const { name, optional, many } of command.arguments ?? []) {
    const word = many ? `<${name}>…` : `<${name}>`;
    words.push(optional ? `[${word}]` : word);
  }
  return words;
}

function optionWords(name: string, option: Option): string {
  return option.value === undefined ? `--${name}` : `--${name} <${option.value}>`;
}

function about({ description, choices, fallback, repeatable }: Option): string {
  const facts = [
    ...(choices ? [`one of ${choices.join(', ')}`] : []),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
    ...(repeatable ? ['may be repeated'] : []),
  ];
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join('\n');
}
