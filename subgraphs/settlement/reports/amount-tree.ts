import { formatAmount } from '../../../platform/money.ts';

/** An amount that a document explains by parts, which explain themselves the same way. */
export interface AmountNode {
  readonly name: string;
  /** Minor units. */
  readonly minor: bigint;
  /** Empty: the document explains no further. */
  readonly parts: readonly AmountNode[];
}

/** A node whose parts do not add up to it. */
export interface TreeMismatch {
  /** Names from the root, joined by " > ". */
  readonly path: string;
  readonly statedMinor: bigint;
  readonly partsMinor: bigint;
}

/** Every node of the tree that is not the sum of its parts, from the root down. */
export function treeMismatches(node: AmountNode, above: readonly string[] = []): TreeMismatch[] {
  const path = [...above, node.name];
  const below = node.parts.flatMap((part) => treeMismatches(part, path));
  const partsMinor = node.parts.reduce((sum, part) => sum + part.minor, 0n);
  if (node.parts.length === 0 || partsMinor === node.minor) return below;
  return [{ path: path.join(' > '), statedMinor: node.minor, partsMinor }, ...below];
}

/** One sentence for a person: which amount, what it says, what its parts come to. */
export function describeMismatch({ path, statedMinor, partsMinor }: TreeMismatch, currencyCode: string): string {
  const say = (amountMinor: bigint) => `${formatAmount({ amountMinor, currencyCode })} ${currencyCode}`;
  return `${path} is stated as ${say(statedMinor)}, but its parts add up to ${say(partsMinor)}: a difference of ${say(partsMinor - statedMinor)}.`;
}

/** The nodes without parts, each with the names on the way to it. */
export function leavesOf(
  node: AmountNode,
  above: readonly string[] = [],
): { path: readonly string[]; minor: bigint }[] {
  const path = [...above, node.name];
  return node.parts.length === 0 ? [{ path, minor: node.minor }] : node.parts.flatMap((part) => leavesOf(part, path));
}
