/** What the audit trail has in the place of a value that is too large for it. */
interface Digest {
  sha256: string;
  bytes: number;
}

/** A value as the audit trail has it. Longer text than `max` is cut: an export has it whole. */
export function Recorded({ value, max }: { value: unknown; max: number }) {
  if (!isDigest(value)) return <code>{textOf(value, max)}</code>;
  return (
    <details className="digest">
      <summary>
        {sizeOf(value.bytes)}, SHA-256 <code>{value.sha256.slice(0, 8)}…</code>
      </summary>
      <code className="break">{value.sha256}</code>
      <p className="soft">Too large to be kept here: this is the hash of its canonical JSON (RFC 8785).</p>
    </details>
  );
}

/** Nothing else in the trail looks like one. */
function isDigest(value: unknown): value is Digest {
  return typeof value === 'object' && value !== null && Object.keys(value).sort().join() === 'bytes,sha256';
}

function sizeOf(bytes: number): string {
  const unit = bytes < 1000 ? 'byte' : 'kilobyte';
  const unitDisplay = bytes < 1000 ? 'long' : 'short';
  const format = new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay,
    maximumFractionDigits: 1,
  });
  return format.format(bytes < 1000 ? bytes : bytes / 1000);
}

function textOf(value: unknown, max: number): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  return text.length > max ? `${text.slice(0, max)} …` : text;
}
