import type { Command } from '../command.ts';
import { FORMAT_NAMES } from './formats.ts';

export const ingestCommand: Command = {
  name: 'ingest',
  summary: 'Take in settlement reports of a channel, of any size',
  description:
    'Each file is stored with its bytes, or refused whole with the line and what would be right. A file that was taken in\nbefore is recognised. A run that is stopped leaves nothing of the file; run it again.',
  arguments: [{ name: 'file', description: 'reports of one channel and format', many: true }],
  options: {
    channel: { description: 'Code of the channel that sent them', value: 'code' },
    format: { description: 'Their format', value: 'format', choices: FORMAT_NAMES },
    encoding: { description: 'Their encoding, where the bytes do not tell, such as shift_jis', value: 'name' },
    share: { description: 'Part of the time that it works, to spare the database', value: '0.1-1', fallback: '1' },
    json: { description: 'Print one JSON object per file instead of a sentence' },
  },
  examples: [
    'npx commerce settlement ingest 177.txt --channel AMAZON --format amazon-v2',
    'npx commerce settlement ingest *.csv --channel WALMART --format walmart-recon --share 0.3',
  ],
  run: async (invocation) => (await import('./ingest.ts')).ingest(invocation),
};
