import type { DropOutcome } from '../subgraphs/settlement/index.ts';
import type { SettlementAlarm } from '../subgraphs/settlement/main.ts';

/**
 * Puts a file of the drop folder that was refused on the exception desk: nobody has to look into the folder. It closes when a file
 * of the same name is taken in.
 *
 * @param file path in the drop folder
 */
export async function showDropped(alarm: SettlementAlarm, file: string, outcome: DropOutcome): Promise<void> {
  const key = `settlement:drop:${file}`;
  if (outcome.kind !== 'REFUSED') return alarm.resolve(key);
  await alarm.raise({
    key,
    operation: 'take-dropped-report',
    message: `The report ${file} was refused (${outcome.code}): ${outcome.message} It lies in refused/ beside its reason. Put a right one in its place, under the same name: this then closes by itself.`,
  });
}
