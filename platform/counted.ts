/** A number with its word, for texts that people read: `1 unit`, `3 units`. */
export function counted(count: number, word: string): string {
  return `${count} ${count === 1 ? word : `${word}s`}`;
}
