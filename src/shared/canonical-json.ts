/**
 * The canonical form of a value in JSON (RFC 8785): members in the order of the UTF-16 code units of their names, no
 * white space, and numbers and strings as JavaScript writes them. Whoever has the same value has the same bytes.
 *
 * Values are taken as `JSON.stringify` takes them: dates as text, and members that are undefined not at all. The RFC
 * refuses half a surrogate pair; here it becomes U+FFFD, because what somebody has sent must be written all the same.
 */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('This value has no form in JSON.');
  return write(JSON.parse(text));
}

function write(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.replace(/\p{Surrogate}/gu, '\ufffd'));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${write(name)}:${write(member)}`).join(',')}}`;
}
