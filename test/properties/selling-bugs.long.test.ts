import { describe, expect, it } from '@jest/globals';
import { isLong } from './budget.ts';
import { isSeen, SEEN_LATE, SHY } from './selling-bugs.ts';

describe('it is seen that', () => {
  it.each([...SEEN_LATE, ...(isLong ? SHY : [])])(
    '%s',
    async (_, bug) => expect(await isSeen(bug)).toBe(true),
    300_000,
  );
});
