/** Something that the palette can do. */
export interface Command {
  id: string;
  group: 'Pages' | 'Keys' | 'Applications' | 'Actions';
  label: string;
  /** What tells it from others of its name. */
  note?: string | undefined;
  /** Searched as well. */
  words?: string | undefined;
  run: () => void;
}

/** Commands that are shown of each group. */
const PER_GROUP = 8;

/** Those that have every word, where its name begins with the first word before others; in the order of their groups. */
export function matching(commands: readonly Command[], q: string): Command[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const [first = ''] = words;
  const counts = new Map<string, number>();
  return commands
    .filter(({ label, note = '', words: more = '' }) => {
      const text = `${label} ${note} ${more}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .map((command, index) => ({ command, index, isFirst: command.label.toLowerCase().startsWith(first) }))
    .sort((a, b) => Number(b.isFirst) - Number(a.isFirst) || a.index - b.index)
    .map(({ command }) => command)
    .filter(({ group }) => {
      const count = (counts.get(group) ?? 0) + 1;
      counts.set(group, count);
      return count <= PER_GROUP;
    })
    .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
}

export const GROUPS: readonly Command['group'][] = ['Pages', 'Keys', 'Applications', 'Actions'];
