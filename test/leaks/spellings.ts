/** Characters of a secret that are looked for: a log line that was cut short still holds one such piece. */
const PIECE = 12;

/**
 * Every way in which bytes at rest could hold a secret: as it is, in hex, in base64 and base64url at each of the
 * three offsets, percent-encoded, and as UTF-16. Of a long secret, pieces from its beginning and its end are
 * looked for; the last four characters are not, because a hint shows those.
 */
export function spellingsOf(secret: string): Buffer[] {
  const random = randomPartOf(secret);
  const pieces =
    random.length < 2 * PIECE ? [random] : [random.slice(0, PIECE), random.slice(-PIECE - 4, -4)];
  return pieces.flatMap((piece) => {
    const bytes = Buffer.from(piece);
    const hex = bytes.toString('hex');
    const percent = hex.replace(/../g, '%$&');
    return [
      bytes,
      Buffer.from(piece, 'utf16le'),
      Buffer.from(piece, 'utf16le').swap16(),
      ...[hex, hex.toUpperCase(), percent, percent.toUpperCase(), encodeURIComponent(piece)].map((text) =>
        Buffer.from(text),
      ),
      ...[0, 1, 2].flatMap((offset) => base64Of(bytes, offset)),
    ];
  });
}

/** Without the part that all secrets of a kind share. */
function randomPartOf(secret: string): string {
  return secret.replace(/^upblit_[a-z]+_/, '');
}

/** The characters of base64 that these bytes alone decide, when they stand `offset` bytes into what is encoded. */
function base64Of(bytes: Buffer, offset: number): Buffer[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
  const from = Math.ceil((offset * 8) / 6);
  const to = Math.floor((padded.length * 8) / 6);
  return (['base64', 'base64url'] as const).map((encoding) =>
    Buffer.from(padded.toString(encoding).slice(from, to)),
  );
}
