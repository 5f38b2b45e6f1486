/** What the owner notes on a key; the service hands it back with every verification and reads nothing into it. */
export type Metadata = Record<string, unknown>;

/** Bytes of its JSON in UTF-8. */
export const MAX_METADATA_BYTES = 16 * 1024;
export const MAX_METADATA_DEPTH = 8;
/**
 * Its fields and elements, of all levels together. Each is some work and some memory whenever the key is read, however few
 * bytes it has: a page of keys may hold a hundred times as many.
 */
export const MAX_METADATA_VALUES = 1000;

/** What is wrong with a value that should be metadata; null when nothing is. */
export function metadataProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be a JSON object';
  if (!fitsDepth(value, MAX_METADATA_DEPTH))
    return `must not be nested deeper than ${MAX_METADATA_DEPTH} levels`;
  if (valuesIn(value) > MAX_METADATA_VALUES) {
    return `must not have more than ${MAX_METADATA_VALUES} fields and elements`;
  }
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_METADATA_BYTES) {
    return `must not be larger than ${MAX_METADATA_BYTES} bytes of JSON`;
  }
  return null;
}

function fitsDepth(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  return Object.values(value).every((item) => fitsDepth(item, levels - 1));
}

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children: unknown[] = Object.values(value);
  return children.reduce<number>((count, child) => count + valuesIn(child), children.length);
}
