import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import type { Invocation, Topic } from './command.ts';
import { commands } from './commands.ts';
import { completionScript } from './completion.ts';
import { environment } from './failure.ts';
import { runCommandLine } from './run.ts';
import { type Terminal, wantsColour } from './terminal.ts';

let called: Invocation | undefined;
const tree: Topic = {
  name: 'shop',
  summary: 'A shop.',
  commands: [
    {
      name: 'till',
      summary: 'The till',
      commands: [
        {
          name: 'open',
          summary: 'Open it',
          arguments: [{ name: 'number', description: 'of the till' }],
          options: {
            float: { description: 'Money to start with', value: 'amount' },
            mode: { description: 'How', value: 'mode', choices: ['quick', 'careful'] },
            dry: { description: 'Do nothing' },
          },
          run: async (invocation) => {
            called = invocation;
            return 0;
          },
        },
        { name: 'jam', summary: 'Jams', run: () => Promise.reject(environment('The drawer is stuck: push it.')) },
        { name: 'explode', summary: 'Explodes', run: () => Promise.reject(new TypeError('x is not a function')) },
      ],
    },
  ],
};

async function run(...words: string[]) {
  const out: string[] = [];
  const notes: string[] = [];
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    note: (line) => void notes.push(line),
    style: (_, text) => text,
  };
  called = undefined;
  return { code: await runCommandLine(tree, words, terminal), out: out.join('\n'), notes: notes.join('\n') };
}

describe('a command line', () => {
  it('hands arguments and options to the command', async () => {
    expect((await run('till', 'open', '7', '--float', '50', '--mode=quick', '--dry')).code).toBe(0);
    expect(called?.arguments).toEqual(['7']);
    expect([called?.value('float'), called?.value('mode'), called?.flag('dry')]).toEqual(['50', 'quick', true]);
  });

  it.each([
    [['tlil'], 'shop has no command "tlil". Did you mean till? See shop --help.'],
    [['till'], 'shop till needs a command: open, jam, explode.'],
    [['till', 'opne', '7'], 'shop till has no command "opne". Did you mean open? See shop till --help.'],
    [['till', 'open'], 'shop till open needs <number>: of the till. See shop till open --help.'],
    [['till', 'open', '7', '8'], 'shop till open takes no argument "8". See shop till open --help.'],
    [
      ['till', 'open', '7', '--flaot', '5'],
      'shop till open has no option --flaot. Did you mean --float? See shop till open --help.',
    ],
    [['till', 'open', '7', '--mode', 'quik'], '--mode is one of quick, careful; got "quik". Did you mean quick?'],
    [['till', 'open', '7', '--float'], "Option '--float <value>' argument missing. See shop till open --help."],
  ])('%j is refused with what would be right, and nothing runs', async (words, message) => {
    expect(await run(...words)).toEqual({ code: 2, out: '', notes: message });
    expect(called).toBeUndefined();
  });

  it('tells trouble around it (3) from a defect (4)', async () => {
    expect(await run('till', 'jam')).toMatchObject({ code: 3, notes: 'The drawer is stuck: push it.' });
    const defect = await run('till', 'explode');
    expect(defect.code).toBe(4);
    expect(defect.notes).toContain('A defect of this program, please report it: TypeError: x is not a function');
  });

  it.each([[['--help']], [['till', '--help']], [['help', 'till', 'open']], [['till', 'open', '--help']], [[]]])(
    '%j shows help and runs nothing',
    async (words) => {
      const { code, out } = await run(...words);
      expect([code, called]).toEqual([0, undefined]);
      expect(out).toContain('Usage\n  shop');
    },
  );

  it('describes each option of a command', async () => {
    expect((await run('till', 'open', '-h')).out).toContain('--mode <mode>     How (one of quick, careful)');
  });
});

describe('completion', () => {
  const complete = (line: string) => {
    const words = line.split(' ');
    const script = `${completionScript('bash', tree)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_shop; printf '%s ' "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
  };
  it('knows commands, options and fixed values', () => {
    expect(complete('shop t')).toBe('till');
    expect(complete('shop till ')).toBe('open jam explode');
    expect(complete('shop till open --m')).toBe('--mode');
    expect(complete('shop till open --mode ')).toBe('quick careful');
  });
});

describe('colour', () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
  ])('stream %j with %j: %j', (stream, env, expected) => {
    expect(wantsColour(stream, env)).toBe(expected);
  });
});

it('every command of the real tree has a summary, and every topic a command', () => {
  const visit = (entry: Topic | Topic['commands'][number]): void => {
    expect(entry.summary).not.toBe('');
    if (!('commands' in entry)) return;
    expect(entry.commands.length).toBeGreaterThan(0);
    expect(new Set(entry.commands.map(({ name }) => name)).size).toBe(entry.commands.length);
    entry.commands.forEach(visit);
  };
  visit(commands);
});
