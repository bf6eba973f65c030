/** What is kept of an answer, as text: the head is read without reading the data. */
export interface KeptAnswer {
  /** What changed before this is in it, milliseconds since 1970: when it was asked for, or a little earlier. */
  readonly askedAt: number;
  /** Until when it is as good as a new one, milliseconds since 1970. */
  readonly freshUntil: number;
  readonly tags: readonly string[];
  /** JSON of the data. */
  readonly json: string;
}

/** Begins every key: what another version of this program has kept is not read. */
export const FORM = 2;

export function writeKept({ askedAt, freshUntil, tags, json }: KeptAnswer): string {
  return `${JSON.stringify([askedAt, freshUntil, tags])}\n${json}`;
}

export function readKept(text: string): KeptAnswer {
  const end = text.indexOf('\n');
  const [askedAt, freshUntil, tags] = JSON.parse(text.slice(0, end)) as [number, number, string[]];
  return { askedAt, freshUntil, tags, json: text.slice(end + 1) };
}
