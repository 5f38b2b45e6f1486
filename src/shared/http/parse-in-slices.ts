import { DomainError } from '../domain-error.js';

/** Bytes of JSON that are parsed before others get their turn: milliseconds, whatever they say. */
const SLICE = 32 * 1024;

/** Bytes of one element of a list, and of all that is around the lists. A body of most routes has no more. */
const MAX_PIECE = 64 * 1024;

/** Elements of a list: no route takes more, and what is never looked at need not be made. */
const MAX_ELEMENTS = 20_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [LIST, END_OF_LIST, OBJECT, END_OF_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Reads a large body of JSON that is one list, or an object with lists in it: these are parsed a few elements at a time, so
 * that the event loop is not held as long as the whole takes. What comes out, and what is refused, is as with `parse`
 * alone; besides, pieces that are too large are refused.
 *
 * @param bytes UTF-8.
 * @throws SyntaxError where it is no JSON, and DomainError `validation_failed`
 */
export async function parseInSlices(
  bytes: Buffer,
  parse: (text: string) => unknown = JSON.parse,
): Promise<unknown> {
  /** What is around the lists, with the number of each list as its only element. */
  let frame = '';
  const lists: unknown[][] = [];
  let list: unknown[] = [];
  /** How many lists and objects are open. */
  let depth = 0;
  /** How many were, when the list was opened whose elements are read; 0 outside of one. */
  let depthOfList = 0;
  /** Where what is not parsed yet begins, and the element that is read. */
  let start = 0;
  let startOfElement = 0;
  let elements = 0;
  let isListOfAll = false;
  /** Where the others have had their turn last. */
  let pausedAt = 0;

  const readSlice = async (end: number, isLast: boolean): Promise<void> => {
    const slice = parse(`[${bytes.toString('utf8', start, end)}]`) as unknown[];
    const isEmptyList = isLast && list.length === 0 && elements === 1 && slice.length === 0;
    // An element is missing between two commas, or after the last one.
    if (slice.length !== elements && !isEmptyList) throw new SyntaxError('An element is missing');
    for (const element of slice) list.push(element);
    elements = 0;
    if (end - pausedAt > SLICE) {
      await new Promise((resolve) => setImmediate(resolve));
      pausedAt = end;
    }
  };
  const endElement = (end: number): void => {
    elements += 1;
    if (list.length + elements > MAX_ELEMENTS) {
      throw refused(
        `A list has more than ${MAX_ELEMENTS} elements.`,
        `must have no list of more than ${MAX_ELEMENTS} elements`,
      );
    }
    if (end - startOfElement > MAX_PIECE) {
      throw tooLarge(`Element ${list.length + elements - 1} of a list`);
    }
  };

  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at += 1; at < bytes.length && bytes[at] !== QUOTE; at++) {
        if (bytes[at] === BACKSLASH) at += 1;
      }
    } else if (byte === LIST || byte === OBJECT) {
      if (depth === 0) isListOfAll = byte === LIST;
      const isOutside = depthOfList === 0;
      depth += 1;
      if (!isOutside || byte === OBJECT || depth !== (isListOfAll ? 1 : 2)) continue;
      frame += `${bytes.toString('utf8', start, at)}[${lists.length}]`;
      lists.push((list = []));
      depthOfList = depth;
      start = startOfElement = at + 1;
    } else if (byte === COMMA && depth === depthOfList) {
      endElement(at);
      if (at - start > SLICE) {
        await readSlice(at, false);
        start = at + 1;
      }
      startOfElement = at + 1;
    } else if (byte === END_OF_LIST || byte === END_OF_OBJECT) {
      if (depthOfList > 0 && depth === depthOfList) {
        if (byte === END_OF_OBJECT) throw new SyntaxError('A list ends as an object');
        endElement(at);
        await readSlice(at, true);
        depthOfList = 0;
        start = at + 1;
      }
      depth -= 1;
    }
    if (frame.length > MAX_PIECE) throw tooLarge('What is around the lists');
  }
  if (depthOfList > 0) throw new SyntaxError('A list has no end');
  if (bytes.length - start + frame.length > MAX_PIECE) throw tooLarge('What is around the lists');
  return withLists(parse(frame + bytes.toString('utf8', start)), lists);
}

function withLists(frame: unknown, lists: readonly unknown[][]): unknown {
  const listOf = (place: unknown): unknown => (Array.isArray(place) ? lists[Number(place[0])] : undefined);
  if (Array.isArray(frame)) return listOf(frame);
  if (typeof frame !== 'object' || frame === null) return frame;
  return Object.fromEntries(Object.entries(frame).map(([name, value]) => [name, listOf(value) ?? value]));
}

function tooLarge(what: string): DomainError {
  const most = `${MAX_PIECE / 1024} KiB`;
  return refused(
    `${what} takes more than ${most}.`,
    `must have no element of more than ${most}, and no more around its lists`,
  );
}

function refused(detail: string, message: string): DomainError {
  return new DomainError('validation_failed', detail, { errors: [{ field: 'body', message }] });
}
