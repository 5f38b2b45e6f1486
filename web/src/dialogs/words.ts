/** The words of a text, between spaces, commas and line ends, each once. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))];
}

/** A tag may hold spaces. */
export function tagsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[,\n]/)
        .map((tag) => tag.trim())
        .filter(Boolean),
    ),
  ];
}

/** "1 key", "40 keys". */
export function countOf(keys: number): string {
  return `${keys} ${keys === 1 ? 'key' : 'keys'}`;
}
