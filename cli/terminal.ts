import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Where a command writes. Results go to `out`, everything about the run to `note`. */
export interface Terminal {
  /** Writes a line of the result. */
  out(line: string): void;
  /** Writes a line for the person who runs the command; never part of the result. */
  note(line: string): void;
  /** Colours text where colours are wanted, and returns it as it is elsewhere. */
  style(style: Style | readonly Style[], text: string): string;
}

/**
 * Whether to colour: on a terminal only, never with NO_COLOR (no-color.org), always with FORCE_COLOR (not 0).
 */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** The process's own terminal. */
export function processTerminal(env: Readonly<Record<string, string | undefined>>): Terminal {
  const colour = wantsColour(process.stdout, env);
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    style: (style, text) => (colour ? styleText(style as Style, text, { validateStream: false }) : text),
  };
}
