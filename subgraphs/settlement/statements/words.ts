/**
 * SQL: what a line `l` says of itself, such as "ItemFees / Commission": its type and its description, where it has both. The
 * same as `wordsOf` of matching/settings.ts, so that a rule for it can be copied from any answer.
 */
export const WORDS_OF_LINE = `concat_ws(' / ', nullif(trim(l.word_type), ''), nullif(trim(l.word_description), ''))`;
