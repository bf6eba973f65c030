/** Numbers from 0 up to 1, as even as those of Math.random; equal seeds give equal ones (Park and Miller's generator). */
export function chance(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}

/**
 * One of `most` goods as a shop sells them: number k is asked for about 1/k as often as number 1 (Zipf's law, exponent 1).
 * @param even from 0 up to 1
 */
export function popular(most: number, even: number): number {
  return Math.min(most, Math.floor((most + 1) ** even));
}
