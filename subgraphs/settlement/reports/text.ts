import { unreadable } from './refusal.ts';

/** Turns the bytes of a report into text, piece by piece. */
export interface TextReader {
  /** @throws ReportRefusal UNREADABLE when the bytes are no text of the encoding */
  push(bytes: Uint8Array): string;
  /** What was left of a character that the last piece cut. */
  end(): string;
}

/**
 * Reads UTF-8 and UTF-16 with or without a byte order mark, and Windows-1252 where the bytes cannot be UTF-8: reports of
 * European marketplaces come in it. Pass `encoding` for any other (`shift_jis`): it cannot be told from the bytes.
 *
 * A file that is UTF-8 up to some place and then is not, is refused: which part is wrong cannot be known.
 *
 * @throws RangeError when `encoding` names none that is known
 */
export function createTextReader(encoding?: string): TextReader {
  let decoder = encoding === undefined ? null : new TextDecoder(encoding, { fatal: true });
  let plain = true; // only ASCII so far, which is the same in UTF-8 and in Windows-1252
  let head: Uint8Array = new Uint8Array(0);

  function start(bytes: Uint8Array, last: boolean): TextDecoder | null {
    head = head.length === 0 ? bytes : Buffer.concat([head, bytes]);
    if (head.length < 4 && !last) return null;
    return new TextDecoder(encodingOf(head), { fatal: true });
  }

  function decode(bytes: Uint8Array, stream: boolean): string {
    if (!decoder) return '';
    try {
      const text = decoder.decode(bytes, { stream });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
      if (plain && /[^\x00-\x7f]/.test(text)) plain = false;
      return text;
    } catch {
      // A piece may end inside a character: the decoder kept its beginning, which is lost with it. Only where nothing but
      // ASCII came before is there nothing to lose.
      if (encoding === undefined && decoder.encoding === 'utf-8' && plain) {
        decoder = new TextDecoder('windows-1252');
        plain = false;
        return decoder.decode(bytes, { stream });
      }
      throw unreadable(
        `The file is not text in ${decoder.encoding}. Save it as UTF-8, or say which encoding it has (--encoding).`,
      );
    }
  }

  return {
    push(bytes) {
      if (decoder) return decode(bytes, true);
      decoder = start(bytes, false);
      return decoder ? decode(head, true) : '';
    },
    end() {
      if (decoder) return decode(new Uint8Array(0), false);
      decoder = start(new Uint8Array(0), true);
      return decode(head, false);
    },
  };
}

/** By the byte order mark, and by the zeros between ASCII characters where there is none. */
function encodingOf([first, second, third, fourth]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (second === 0 && fourth === 0) return 'utf-16le';
  if (first === 0 && third === 0) return 'utf-16be';
  return 'utf-8';
}
