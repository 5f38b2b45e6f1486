/**
 * Every value of a header, as it came. Node drops a second one of some headers in silence and joins those of others;
 * its raw list, of names and values in turn, has them all.
 *
 * @param name In lower case.
 */
export function rawHeaderValues(
  { rawHeaders }: { readonly rawHeaders: readonly string[] },
  name: string,
): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const given = rawHeaders[i];
    // Lengths first: every request is looked at.
    if (given?.length === name.length && given.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '');
  }
  return values;
}
