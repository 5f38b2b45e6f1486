import { isAuditEntry, type AuditEntry } from '../domain/audit-entry.js';
import type { AuditHead, AuditRepository } from '../domain/audit.repository.js';
import { ChainVerification, type AuditFinding } from '../domain/chain-verification.js';
import type { Checkpoint, CheckpointKeys } from '../domain/checkpoint.js';

/** Events, and chains, of one look at the database. */
const BATCH = 1000;

/** What was looked at, and what is wrong with it. */
export interface AuditVerdict {
  events: number;
  chains: number;
  /** Events that no checkpoint covers yet: their end could be cut off without being found out. */
  unsealed: number;
  /** One for each chain that is not as it was written. */
  findings: AuditFinding[];
}

export interface VerificationOptions {
  keys: CheckpointKeys;
  /** What is known of chains from elsewhere: from the log, or from earlier exports. */
  known: readonly AuditHead[];
  /** Is told now and then how many events were looked at. */
  progress: (events: number) => void;
}

/** Looks at every chain of the database, those of deleted applications among them. */
export async function verifyStore(
  audit: AuditRepository,
  { keys, known, progress }: VerificationOptions,
): Promise<AuditVerdict> {
  const verdict = emptyVerdict();
  const elsewhere = byChain(known);
  for await (const chain of chainsOf(audit)) {
    const everything = { after: 0, until: Number.MAX_SAFE_INTEGER };
    const heads = [...(elsewhere.get(chain) ?? [])];
    elsewhere.delete(chain);
    const unsigned: AuditFinding[] = [];
    for (const { seq, jws } of await audit.checkpoints(chain, everything)) {
      const signed = keys.read(jws);
      if (signed?.chain === chain && signed.seq === seq) heads.push(signed);
      else unsigned.push(notSigned(chain, seq));
    }
    const verification = new ChainVerification(chain, heads);
    const entries = (): AsyncIterable<AuditEntry> => entriesOf(audit, chain, verification);
    const finding = (await verifyChain(verification, entries(), verdict, progress)) ?? unsigned[0];
    if (finding !== undefined) verdict.findings.push(finding);
  }
  reportMissing(elsewhere, verdict);
  return verdict;
}

/**
 * Looks at an export, or at several of different chains, one after the other.
 *
 * @param read reads the lines from the first on; it is called twice, because the checkpoints are wanted first
 */
export async function verifyExport(
  read: () => AsyncIterable<string>,
  { keys, known, progress }: VerificationOptions,
): Promise<AuditVerdict> {
  const verdict = emptyVerdict();
  const heads = byChain(known);
  const ends = new Map<string, Checkpoint>();
  const unsigned: AuditFinding[] = [];
  let line = 0;
  for await (const text of read()) {
    line += 1;
    const { checkpoint, end } = parse(text);
    const jws = end ?? checkpoint;
    if (typeof jws !== 'string') continue;
    const signed = keys.read(jws);
    if (signed === null)
      unsigned.push({ ...notSigned('', 0), problem: `Line ${line} is signed with none of the keys.` });
    else add(heads, signed);
    if (signed?.ends === 'export' && end !== undefined) ends.set(signed.chain, signed);
  }

  const done = new Set<string>();
  let current: ChainVerification | null = null;
  let chain = '';
  let finding: AuditFinding | null = null;
  const finish = (): void => {
    if (current === null) return;
    finding ??= current.end() ?? endFinding(chain, current, ends.get(chain));
    if (finding !== null) verdict.findings.push(finding);
    heads.delete(chain);
    done.add(chain);
    current = null;
  };
  line = 0;
  for await (const text of read()) {
    line += 1;
    const value = parse(text);
    if (value.checkpoint !== undefined || value.end !== undefined) continue;
    if (!isAuditEntry(value)) {
      finding ??= { chain, seq: lastOf(current) + 1, problem: `Line ${line} is no event.` };
      current ??= new ChainVerification(chain, []);
      continue;
    }
    if (current === null || value.chain !== chain) {
      finish();
      ({ chain } = value);
      finding = done.has(chain)
        ? { chain, seq: value.seq, problem: `Event ${value.seq} stands behind those of another chain.` }
        : null;
      current = new ChainVerification(chain, heads.get(chain) ?? []);
      verdict.chains += 1;
    }
    finding ??= current.add(value);
    verdict.events += 1;
    progress(verdict.events);
  }
  finish();
  reportMissing(heads, verdict);
  verdict.findings.push(...unsigned);
  if (verdict.chains === 0 && verdict.findings.length === 0) {
    verdict.findings.push({ chain: '', seq: 1, problem: 'There is no event in it.' });
  }
  return verdict;
}

function lastOf(verification: ChainVerification | null): number {
  return verification?.lastSeq ?? 0;
}

async function verifyChain(
  verification: ChainVerification,
  entries: AsyncIterable<AuditEntry>,
  verdict: AuditVerdict,
  progress: (events: number) => void,
): Promise<AuditFinding | null> {
  verdict.chains += 1;
  for await (const entry of entries) {
    const finding = verification.add(entry);
    if (finding !== null) return finding;
    verdict.events += 1;
    progress(verdict.events);
  }
  verdict.unsealed += verification.lastSeq - verification.provenUntil;
  return verification.end();
}

/** Pages go on from the last event that was good: a page that begins elsewhere is one with a finding. */
async function* entriesOf(
  audit: AuditRepository,
  chain: string,
  verification: ChainVerification,
): AsyncGenerator<AuditEntry> {
  let page: AuditEntry[];
  do {
    const range = { after: verification.lastSeq, until: Number.MAX_SAFE_INTEGER };
    page = await audit.entries(chain, range, BATCH);
    yield* page;
  } while (page.length === BATCH);
}

async function* chainsOf(audit: AuditRepository): AsyncGenerator<string> {
  let last = '';
  let page: string[];
  do {
    page = await audit.chains(last, BATCH);
    yield* page;
    last = page.at(-1) ?? last;
  } while (page.length === BATCH);
}

/** An export is whole when the checkpoint that ends it is of its last event. */
function endFinding(
  chain: string,
  { lastSeq }: ChainVerification,
  end: Checkpoint | undefined,
): AuditFinding | null {
  if (end?.seq === lastSeq) return null;
  const problem =
    end === undefined
      ? `Nothing signed ends the export after event ${lastSeq}: it was cut off, or made without AUDIT_SIGNING_KEY.`
      : `Event ${lastSeq} stands behind the end of the export.`;
  return { chain, seq: end === undefined ? lastSeq + 1 : lastSeq, problem };
}

/** Chains of which there are checkpoints, and no event. */
function reportMissing(heads: ReadonlyMap<string, readonly AuditHead[]>, verdict: AuditVerdict): void {
  for (const [chain, of] of heads) {
    const finding = new ChainVerification(chain, of).end();
    if (finding !== null) verdict.findings.push(finding);
  }
}

function notSigned(chain: string, seq: number): AuditFinding {
  const problem = `The checkpoint of event ${seq} is signed with none of the keys: was a former one left out?`;
  return { chain, seq, problem };
}

function byChain(heads: readonly AuditHead[]): Map<string, AuditHead[]> {
  const map = new Map<string, AuditHead[]>();
  for (const head of heads) add(map, head);
  return map;
}

function add(map: Map<string, AuditHead[]>, head: AuditHead): void {
  const others = map.get(head.chain);
  if (others === undefined) map.set(head.chain, [head]);
  else others.push(head);
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function emptyVerdict(): AuditVerdict {
  return { events: 0, chains: 0, unsealed: 0, findings: [] };
}
