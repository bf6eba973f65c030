/** How much a change matters to those who rely on what was published. Worst first. */
export const SEVERITIES = ['breaking', 'dangerous', 'safe'] as const;

/**
 * breaking: something that worked stops working. dangerous: it goes on working, but may surprise.
 * safe: nobody has to do anything.
 */
export type Severity = (typeof SEVERITIES)[number];
