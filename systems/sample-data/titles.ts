const SMALL_WORDS = new Set(['a', 'an', 'and', 'at', 'by', 'for', 'from', 'in', 'of', 'on', 'or', 'the', 'to', 'with']);
/** Written with capitals although they could be read as words. */
const ABBREVIATIONS = new Set(['ABC', 'DIY', 'DVD', 'LED', 'NY', 'TV', 'UK', 'USA']);
const MEASURE = /^\d+([.X]\d+)?(CM|MM|ML|PC|PCS|PCE|PK|G|KG)$/i;

/**
 * Turns the till text of the source into a title: "WHITE HANGING HEART T-LIGHT HOLDER" → "White Hanging Heart T-Light
 * Holder". Spaces and stray punctuation at the ends go; nothing is translated or corrected.
 */
export function tidyTitle(description: string): string {
  const words = description
    .replace(/\s*,\s*/g, ', ')
    .replace(/\s+/g, ' ')
    .replace(/^[\s.,]+|[\s.,]+$/g, '')
    .split(' ');
  return words.map((word, index) => tidyWord(word, index === 0)).join(' ');
}

function tidyWord(word: string, first: boolean): string {
  if (MEASURE.test(word)) return word.toLowerCase();
  return word.replace(/[\p{L}\p{N}'’]+/gu, (part) => {
    if (ABBREVIATIONS.has(part.toUpperCase()) || /\d/.test(part)) return part.toUpperCase();
    const lower = part.toLowerCase();
    return !first && SMALL_WORDS.has(word.toLowerCase()) ? lower : lower.charAt(0).toUpperCase() + lower.slice(1);
  });
}

/**
 * The words that all titles share, in the order of the first: what a style group is called.
 *
 * @returns null when fewer than two telling words are shared
 */
export function sharedTitle(titles: readonly string[]): string | null {
  const [first, ...others] = titles.map((title) => title.split(' '));
  const shared = trimSmallWords((first ?? []).filter((word) => others.every((words) => words.includes(word))));
  const telling = shared.filter((word) => !SMALL_WORDS.has(word.toLowerCase()) && /\p{L}{2}/u.test(word));
  return telling.length < 2 ? null : capitalised(shared.join(' '));
}

/** The title without the words it shares with its group. Empty when nothing is left. */
export function wordsBeside(shared: string, title: string): string {
  const common = new Set(shared.toLowerCase().split(' '));
  const rest = trimSmallWords(title.split(' ').filter((word) => !common.has(word.toLowerCase()))).join(' ');
  return capitalised(rest.replace(/^"([^"]*)"$/, '$1'));
}

function trimSmallWords(words: readonly string[]): string[] {
  const small = (word: string | undefined) =>
    word !== undefined && (SMALL_WORDS.has(word) || !/[\p{L}\p{N}]/u.test(word));
  let start = 0;
  let end = words.length;
  while (start < end && small(words[start])) start += 1;
  while (end > start && small(words[end - 1])) end -= 1;
  return words
    .slice(start, end)
    .map((word, index, kept) => (index === kept.length - 1 ? word.replace(/,$/, '') : word));
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
