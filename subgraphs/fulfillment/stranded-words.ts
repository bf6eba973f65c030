import { counted } from '../../platform/counted.ts';
import type { ShipmentStatus } from './states.ts';

/** A state in which a parcel does not reach its buyer by itself. */
export type Stranded = Extract<ShipmentStatus, 'LOST' | 'RETURN_TO_SENDER' | 'CANCELLED'>;

/** As the exception's operation has it; what it says; what the carrier had said, once it says something else; what to do. */
const STRANDED: Readonly<Record<Stranded, { readonly operation: string; readonly what: string; readonly before: string; readonly remedy: string; readonly unless?: string }>> = {
  LOST: {
    operation: 'parcel:lost',
    what: 'is lost, says the carrier',
    before: 'is lost',
    remedy: 'Claim it from the carrier, and pay the buyer back (returnRequest by staff with the reason LOST_IN_TRANSIT) or send the goods again as a new order',
    unless: ' It is closed for you when all of it is paid back.',
  },
  RETURN_TO_SENDER: {
    operation: 'parcel:returned',
    what: 'goes back to the node, says the carrier',
    before: 'goes back to the node',
    remedy: 'Find out what was wrong with the address, and have the node tell when the goods are back. Take them in then (returnRequest by staff with the reason RETURNED_TO_SENDER, then returnReceive), which pays the buyer back, and send them again as a new order if the buyer wants them',
    unless: ' It is closed for you when all of it is taken in, or when the carrier delivers it after all. If the buyer has it though no carrier says so, correct this (`arrived`: ALL).',
  },
  CANCELLED: {
    operation: 'parcel:cancelled',
    what: 'left the node, but its label was cancelled before the carrier had it',
    before: 'never got it, because its label was cancelled',
    remedy: 'Find out at the node where the goods are. What is still there is taken in (returnRequest by staff with the reason RETURNED_TO_SENDER, then returnReceive), which pays the buyer back',
  },
}; // biome-ignore format: a table

/** What is said instead when the carrier delivered it after all, by its own word: nobody is to pay back blindly. */
const CONTRADICTED =
  'Do not pay the buyer back, nor send the goods again, before the buyer said what arrived. If everything did, correct this (`arrived`: ALL), and the order counts it as delivered. Otherwise act as before';

/** The same when its node did not tell what was in it. */
const UNKNOWN_CONTENTS =
  'Ask the buyer what arrived, and look at the order before you pay anything back: what was in it, nobody told, so that it cannot be counted as delivered here. What is paid back already and arrived, settle with the buyer';

/** What is said when the carrier takes back that it delivered one. */
const DISPUTED = {
  operation: 'parcel:disputed',
  what: 'is lost, or goes back to the node, says the carrier now, which had said before that it was delivered; the order counts it as delivered',
  remedy:
    'Ask the buyer what arrived. If nothing did, claim it from the carrier and pay the buyer back by a return (returnRequest, returnAuthorize, returnRefund)',
};

/** Units of a parcel that its carrier delivers though it had been given up. All zero when its node did not tell what is in it. */
export interface GivenUpUnits {
  readonly all: number;
  /** Of these, not taken in at a node, nor counted as delivered by a person. */
  readonly left: number;
  /** Of these, neither paid back nor in a return: they can still be counted as delivered. */
  readonly countable: number;
}

/** What the exception of a parcel says, but for its name and contents. */
export interface StrandedWords {
  readonly operation: string;
  readonly what: string;
  readonly remedy: string;
  readonly unless?: string | undefined;
}

export const isStranded = (status: ShipmentStatus): status is Stranded => status in STRANDED;

/** What is said of a parcel in this state. Null when it needs nobody. Pure. @param units asked for when its carrier contradicts itself */
export function wordsOf(status: ShipmentStatus, isContradicted: boolean, units: GivenUpUnits): StrandedWords | null {
  if (!isStranded(status)) return status === 'DELIVERED' && isContradicted ? DISPUTED : null;
  const { operation, what, before, remedy, unless } = STRANDED[status];
  if (!isContradicted) return { operation, what, remedy, unless };
  const now =
    status === 'RETURN_TO_SENDER'
      ? 'is delivered, says the carrier now, though a node took in what was in it, or a part of that'
      : `is delivered, says the carrier now, which had said before that it ${before}`;
  return { operation, what: now, remedy: afterDelivery(units) };
}

/** What to do about a parcel that was given up and is delivered. What the correction would refuse is not advised. */
function afterDelivery({ all, left, countable }: GivenUpUnits): string {
  if (all === 0) return UNKNOWN_CONTENTS;
  if (countable === all) return CONTRADICTED;
  const of = `Of its ${counted(all, 'unit')} `;
  const settled = all - left > 0 ? [`${all - left} ${areWord(all - left)} taken in at a node or counted as delivered already`] : []; // biome-ignore format: one thought
  const paid = left - countable > 0 ? [`${left - countable} ${areWord(left - countable)} paid back to the buyer already, or in a return`] : []; // biome-ignore format: one thought
  const known = `${of}${[...settled, ...paid].join(', ')}. Ask the buyer what arrived${settled.length > 0 ? ', and count what lies at the node' : ''}`;
  const both = 'If the buyer has goods that were paid back, settle it with them: nothing is taken from them by itself';
  const stock = settled.length > 0 ? '. If they are not at the node, correct the stock there (inventoryAdjust)' : '';
  if (countable === 0) return `${known}. ${both}${stock}. Nothing of it is left to count as delivered`;
  return `${known}. ${both}${stock}. If the ${countable} that ${countable === 1 ? 'is' : 'are'} left arrived, correct this (\`arrived\`: REST), and the order counts ${countable === 1 ? 'it' : 'them'} as delivered; if not, pay ${countable === 1 ? 'it' : 'them'} back`;
}

const areWord = (units: number) => (units === 1 ? 'is' : 'are');
