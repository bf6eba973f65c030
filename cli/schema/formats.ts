/** How `schema check` can report. */
export const FORMATS = ['text', 'json', 'junit', 'sarif', 'markdown', 'github'] as const;
