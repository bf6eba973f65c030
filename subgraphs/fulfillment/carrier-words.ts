import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';
import { SHIPMENT_RANKS, type ShipmentStatus } from './states.ts';

/** Carriers' words in ours. */
export interface CarrierWords {
  /** By word, or by `word/detail`, in small letters. */
  readonly words: ReadonlyMap<string, ShipmentStatus>;
  /** The same per carrier, in capitals: wins over the words of all. */
  readonly carriers: ReadonlyMap<string, ReadonlyMap<string, ShipmentStatus>>;
}

const word = z
  .string('expected a text; write words such as on, off and no in quotes')
  .trim()
  .min(1)
  .max(200)
  .transform((text) => text.toLowerCase());
const states = Object.keys(SHIPMENT_RANKS) as [ShipmentStatus, ...ShipmentStatus[]];
const vocabulary = z.partialRecord(z.enum(states), z.array(word).max(10_000));
const name = z.string().trim().min(1).max(200);
const schema = z.strictObject({
  vocabularies: z.record(name, vocabulary),
  carriers: z.record(name, vocabulary).default({}),
});

/**
 * Reads what carriers' words mean.
 * @param file absolute path; `config/carrier-words.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadCarrierWords(file: string = projectFile('config', 'carrier-words.yaml')): CarrierWords {
  const parsed = schema.safeParse(readYaml(file));
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`); // biome-ignore format: one thought
  const { vocabularies, carriers } = parsed.data ?? { vocabularies: {}, carriers: {} };
  const gather = (into: Map<string, ShipmentStatus>, place: string, meanings: z.output<typeof vocabulary>) => {
    for (const [meaning, words] of Object.entries(meanings) as [ShipmentStatus, string[]][]) {
      for (const each of words) {
        const other = into.get(each);
        if (other !== undefined && other !== meaning)
          problems.push(`${place}.${meaning}: "${each}" means ${other} already`);
        into.set(each, meaning);
      }
    }
    return into;
  };
  const words = new Map<string, ShipmentStatus>();
  for (const [user, meanings] of Object.entries(vocabularies)) gather(words, `vocabularies.${user}`, meanings);
  const own = new Map(
    Object.entries(carriers).map(([carrier, meanings]) => [
      carrier.toUpperCase(),
      gather(new Map(), `carriers.${carrier}`, meanings),
    ]),
  );
  if (problems.length > 0) throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${problems.join('; ')}`);
  return { words, carriers: own };
}

let configured: CarrierWords | undefined;

/** The project's file, read once per process. */
export function configuredWords(): CarrierWords {
  configured ??= loadCarrierWords();
  return configured;
}

/** What a word means when this carrier says it. Null, never a guess, when it stands nowhere. */
export function meaningOf(
  scan: { readonly carrier: string; readonly status: string; readonly statusDetail?: string | null },
  { words, carriers }: CarrierWords = configuredWords(),
): ShipmentStatus | null {
  const plain = scan.status.trim().toLowerCase();
  const refined = scan.statusDetail == null ? null : `${plain}/${scan.statusDetail.trim().toLowerCase()}`;
  for (const table of [carriers.get(scan.carrier.toUpperCase()), words]) {
    const meaning = (refined === null ? undefined : table?.get(refined)) ?? table?.get(plain);
    if (meaning !== undefined) return meaning;
  }
  return null;
}
