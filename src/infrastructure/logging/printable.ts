/**
 * Characters that do something to a terminal, or to the order of what is read there, instead of being shown: the control
 * characters (ECMA-48), the line separators, and those that change the direction of text. ESC begins a sequence that may
 * rewrite lines above it, and so does the single character U+009B.
 */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The same without those that JSON has escaped already, of which a line of it holds none but its end. */
const CONTROLS_IN_JSON = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A text of one line, as it may be written to a terminal. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** The same of several lines, such as a stack. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** A line of JSON that says the same and can be looked at in a terminal. */
export function printableJson(line: string): string {
  return line.replace(CONTROLS_IN_JSON, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
