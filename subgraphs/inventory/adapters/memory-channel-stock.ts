import type { ItemOutcome, Submission, TellingWay } from '../../../platform/channel-facts/channel.ts';
import type { ItemStock } from '../port.ts';

/** A channel that forgets when the process ends; what it does with a submission is decided by whoever holds it. */
export function memoryChannelStock(ways: readonly [TellingWay, ...TellingWay[]] = [{ name: 'update', most: 100, burst: 1_000, perSecond: 1_000 }]) {
  const units = new Map<string, ItemStock>();
  const refusals = new Map<string, string>();
  const submissions: { readonly told: Submission<ItemStock>; outcomes: readonly ItemOutcome[] | null }[] = [];
  let failure: (() => Error) | null = null;

  function apply({ items }: Submission<ItemStock>): ItemOutcome[] {
    return items.map(({ item, value }) => {
      const code = refusals.get(item);
      if (code !== undefined) return { item, outcome: 'REFUSED', code };
      units.set(item, value);
      return { item, outcome: 'APPLIED' };
    });
  }

  return {
    ways,
    /** Submissions that it took, in their order. */
    get submissions(): readonly Submission<ItemStock>[] {
      return submissions.map(({ told }) => told);
    },
    /** What it sells of an item; may be changed behind everybody's back. */
    units,
    /** Items that it refuses, with the reason. */
    refusals,
    /** While true, a submission is applied when it comes in; otherwise when `work` says so. */
    works: true,
    /** Works on one of the submissions now; the first is 0. */
    work(index: number): void {
      const submission = submissions[index];
      if (submission) submission.outcomes = apply(submission.told);
    },
    /** Fails every call from now on, or (null) none. */
    failWith(error: (() => Error) | null): void {
      failure = error;
    },
    async tell(told: Submission<ItemStock>) {
      if (failure) throw failure();
      submissions.push({ told, outcomes: this.works ? apply(told) : null });
      return { kind: 'ACCEPTED' as const, reference: String(submissions.length - 1) };
    },
    async outcomeOf(reference: string) {
      if (failure) throw failure();
      return submissions[Number(reference)]?.outcomes ?? null;
    },
    async *known() {
      if (failure) throw failure();
      yield [...units].map(([item, value]) => ({ item, value }));
    },
  };
} // biome-ignore format: one thought
