/**
 * Runs a task per item, at most `width` at a time, starting them in the order of the items. A task may wait for an
 * earlier one: that has been started. The first failure ends it, after the tasks that are running.
 */
export async function inFlight<Item>(
  width: number,
  items: readonly Item[],
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const lane = async () => {
    for (const item of queue) {
      if (failed) return;
      try {
        await task(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: width }, lane));
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
}
