import type { Command, Topic } from './command.ts';
import { completionScript } from './completion.ts';
import { EXIT } from './exit-codes.ts';
import { usage } from './failure.ts';

/** @param root the tree that the command itself is part of */
export function completionCommand(root: () => Topic): Command {
  return {
    name: 'completion',
    summary: 'Print the completion script of a shell',
    arguments: [{ name: 'shell', description: 'bash or zsh' }],
    examples: ['eval "$(npx commerce completion bash)"'],
    run: async ({ arguments: [shell], terminal }) => {
      if (shell !== 'bash' && shell !== 'zsh') throw usage(`There is completion for bash and zsh, not for ${shell}.`);
      terminal.out(completionScript(shell, root()));
      return EXIT.OK;
    },
  };
}
