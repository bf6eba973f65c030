import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { readYaml } from '../../../platform/read-yaml.ts';

/** What has to be done for an order by a time that its channel sets. */
export type DutyKind = 'ACKNOWLEDGE' | 'SHIP' | 'ANSWER_CANCELLATION';

/**
 * Time for a duty, in hours from placing the order, or from the request that is to be answered, and how long before it
 * is up somebody is told.
 */
export interface DutyClock {
  readonly kind: DutyKind;
  readonly withinHours: number;
  readonly escalateBeforeHours: number;
}

/** The clocks of each channel by its code; a channel without any expects nothing. */
export type ChannelClocks = ReadonlyMap<string, readonly DutyClock[]>;

const hours = z.number().positive().max(8_760);
const clock = z
  .strictObject({ within: hours, escalateBefore: hours })
  .refine(({ within, escalateBefore }) => escalateBefore < within, 'escalateBefore must be less than within');

const schema = z.strictObject({
  channels: z.record(
    z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected the code of a channel'),
    z.strictObject({ acknowledge: clock.optional(), ship: clock.optional(), answerCancellation: clock.optional() }),
  ),
});

/**
 * Reads what channels expect by when.
 * @param file absolute path; `config/channel-duties.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadChannelClocks(file: string = projectFile('config', 'channel-duties.yaml')): ChannelClocks {
  const parsed = schema.safeParse(readYaml(file));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
  }
  return new Map(
    Object.entries(parsed.data.channels).map(([code, { acknowledge, ship, answerCancellation }]) => [
      code,
      [
        ...clocksOf('ACKNOWLEDGE', acknowledge),
        ...clocksOf('SHIP', ship),
        ...clocksOf('ANSWER_CANCELLATION', answerCancellation),
      ],
    ]),
  );
}

function clocksOf(kind: DutyKind, given: z.output<typeof clock> | undefined): DutyClock[] {
  return given ? [{ kind, withinHours: given.within, escalateBeforeHours: given.escalateBefore }] : [];
}
