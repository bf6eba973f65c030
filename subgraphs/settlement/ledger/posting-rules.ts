import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CommerceError } from '../../../platform/errors.ts';
import { projectFile } from '../../../platform/paths.ts';
import { parseYaml, readText } from '../../../platform/read-yaml.ts';
import { RECONCILIATION_REASONS } from '../model.ts';
import { LINE_CLASSES } from '../reports/model.ts';
import type { ErpTreatment, LedgerLine } from './model.ts';

/** Every event that can be posted, with its classes. A rule table must have a rule for each. */
const CLASSES_OF_EVENT = {
  ORDER_CAPTURED: ['TOTAL'],
  ORDER_INVOICED: ['TOTAL'],
  ORDER_CANCELLED: ['TOTAL'],
  INVOICE: ['NET', 'TAX'],
  PAYMENT: ['CHANNEL', 'CHANNEL_TAX', 'PROVIDER'],
  CREDIT_MEMO: ['NET', 'TAX'],
  REFUND: ['CHANNEL', 'CHANNEL_TAX', 'PROVIDER'],
  // The transfer itself is posted with the payout.
  SETTLEMENT: [...LINE_CLASSES.filter((one) => one !== 'PAYOUT'), 'UNEXPLAINED'],
  CONVERSION: ['SETTLED', 'SOLD', 'DIFFERENCE'],
  TOLERANCE: ['AMOUNT'],
  ACCEPTANCE: RECONCILIATION_REASONS,
  WRITE_OFF: ['TOTAL'],
  DISPUTE: ['TOTAL'],
  PAYOUT: ['SENT', 'RECEIVED', 'CREDITED', 'CONVERTED'],
} as const satisfies Record<string, readonly string[]>;

export type PostingEvent = keyof typeof CLASSES_OF_EVENT;
export type PostingClass<Event extends PostingEvent> = (typeof CLASSES_OF_EVENT)[Event][number];

/** Stands in a rule for the account on which a difference stands. */
const DIFFERENCE = 'difference';

/** How amounts are posted, as finance decided it. */
export interface PostingRules {
  readonly version: number;
  /** The table as it was read, and its SHA-256. */
  readonly content: string;
  readonly sha256: Buffer;
  /** Number of an account by its name in the table. @throws Error when there is none of this name */
  account(name: string): string;
  /** Name of an account by its number. The number itself when the table has none. */
  accountName(number: string): string;
  /** What the ERP gets of an event's entries. */
  erpOf(event: PostingEvent): ErpTreatment;
  /** Whether there is a rule: tables of before lack the newest. */
  has<Event extends PostingEvent>(event: Event, postingClass: PostingClass<Event>): boolean;
  /**
   * The two lines of an amount; none for zero. A negative amount is posted the other way round.
   * @param difference number of the account on which the difference stands, where the rule asks for it
   */
  lines<Event extends PostingEvent>(
    event: Event,
    postingClass: PostingClass<Event>,
    amountMinor: bigint,
    currencyCode: string,
    difference?: string,
  ): readonly LedgerLine[];
}

const name = z.string().regex(/^[a-z][a-z-]*$/, 'expected lower-case letters and hyphens');
const schema = z
  .strictObject({
    version: z.int().min(1),
    accounts: z.record(
      name,
      z.strictObject({ number: z.string().regex(/^\d{4,10}$/, 'expected 4 to 10 digits'), name: z.string().min(1) }),
    ),
    rules: z.array(
      z.strictObject({
        event: z.string(),
        class: z.string(),
        debit: name,
        credit: name,
        erp: z.enum(['voucher', 'mirror', 'none']),
      }),
    ),
  })
  .superRefine(({ accounts, rules }, context) => {
    const wrong = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const numbers = Object.values(accounts).map((account) => account.number);
    for (const number of numbers.filter((one, index) => numbers.indexOf(one) !== index))
      wrong(['accounts'], `two accounts have the number ${number}`);
    const wanted = new Set(
      Object.entries(CLASSES_OF_EVENT).flatMap(([event, classes]) => classes.map((one) => `${event} ${one}`)),
    );
    const treatments = new Map<string, string>();
    rules.forEach((rule, index) => {
      if (!wanted.delete(`${rule.event} ${rule.class}`))
        wrong(['rules', index], `a second rule, or no such event and class: ${rule.event} ${rule.class}`);
      for (const side of [rule.debit, rule.credit])
        if (side !== DIFFERENCE && !(side in accounts)) wrong(['rules', index], `no account is named ${side}`);
      if (rule.debit === rule.credit) wrong(['rules', index], 'debit and credit are the same account');
      if ((treatments.get(rule.event) ?? rule.erp) !== rule.erp)
        wrong(['rules', index], `all rules of ${rule.event} must have the same erp: an entry is posted whole`);
      treatments.set(rule.event, rule.erp);
    });
    // Tables of before go on: they post no disputes, and match no money that the bank converted.
    for (const later of ['DISPUTE TOTAL', 'PAYOUT CREDITED', 'PAYOUT CONVERTED']) wanted.delete(later);
    for (const missing of wanted) wrong(['rules'], `no rule for ${missing}`);
  });

/**
 * Reads how amounts are posted.
 * @param file absolute path; `config/posting-rules.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadPostingRules(file: string = projectFile('config', 'posting-rules.yaml')): PostingRules {
  const content = readText(file);
  const parsed = schema.safeParse(parseYaml(file, content));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
  }
  return toRules(parsed.data, content);
}

/** Number of an account in a table that was kept: what was posted by it stands there. @throws Error when there is none of this name */
export function accountNumber(content: string, wanted: string): string {
  return toRules(schema.parse(parseYaml('posting rules that were kept', content)), content).account(wanted);
}

function toRules(table: z.output<typeof schema>, content: string): PostingRules {
  const rules = new Map(table.rules.map((rule) => [`${rule.event} ${rule.class}`, rule]));
  const names = new Map(Object.values(table.accounts).map((account) => [account.number, account.name]));
  const account = (wanted: string): string => {
    const found = table.accounts[wanted];
    if (!found) throw new Error(`no account is named ${wanted}`);
    return found.number;
  };
  return {
    version: table.version,
    content,
    sha256: createHash('sha256').update(content).digest(),
    account,
    accountName: (number) => names.get(number) ?? number,
    erpOf: (event) => (table.rules.find((rule) => rule.event === event)?.erp ?? 'none').toUpperCase() as ErpTreatment,
    has: (event, postingClass) => rules.has(`${event} ${postingClass}`),
    lines(event, postingClass, amountMinor, currencyCode, difference) {
      if (amountMinor === 0n) return [];
      const rule = rules.get(`${event} ${postingClass}`);
      if (!rule && event === 'DISPUTE') return [];
      if (!rule) throw new Error(`no rule for ${event} ${postingClass}`);
      const numberOf = (side: string): string => {
        if (side !== DIFFERENCE) return account(side);
        if (difference === undefined) throw new Error(`${event} needs the account of the difference`);
        return difference;
      };
      const [debit, credit] = amountMinor > 0n ? [rule.debit, rule.credit] : [rule.credit, rule.debit];
      const amount = amountMinor > 0n ? amountMinor : -amountMinor;
      return [
        { account: numberOf(debit), side: 'DEBIT', amountMinor: amount, currencyCode },
        { account: numberOf(credit), side: 'CREDIT', amountMinor: amount, currencyCode },
      ];
    },
  };
}
