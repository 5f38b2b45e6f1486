import { Injectable, Logger } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { systemActor, type Origin } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { withDeadline } from '../../../shared/concurrency/deadline.js';
import { FairSemaphore } from '../../../shared/concurrency/fair-semaphore.js';
import { DomainError } from '../../../shared/domain-error.js';
import { networkOf } from '../../../shared/network.js';
import {
  KeyFormat,
  LeakedKeys,
  parseImportedKey,
  type InTurn,
  type Leak,
  type LeakReporter,
} from '../../api-keys/index.js';
import { VerificationRecords } from '../../verification/index.js';

/** What was found, as whoever found it sends it. */
export interface FoundText {
  readonly text: string;
  /** Where, as it may be kept; null when nobody says. */
  readonly from: string | null;
}

/** A text that is a key, with its secret. */
type Known = Omit<Leak, 'from'> & { readonly text: string };

/** Texts that are looked up together. */
const AT_ONCE = 100;

/** How often a part of a message of GitHub waits for its turn to be looked up. */
const TURNS = 5;

/**
 * Milliseconds after which GitHub is answered, from when the request came. It waits for thirty seconds; this is less than
 * any proxy in between waits, and than RESPONSE_TIMEOUT_MS as it is unless it is set.
 */
const GITHUB_WAITS_MS = 10_000;

/** Steps of the reports of anybody, which take a connection of the database each. */
const REPORTS = { running: 2, waiting: 100 };

/** Milliseconds: the answers to anybody are given at multiples of it. */
const ANSWER_STEP_MS = 250;

/**
 * Finds the keys in what is reported, and has done with them what is to be done. What nobody can have issued, as its tag
 * says, is not looked up; of what has another form there is one look-up for all of a report.
 */
@Injectable()
export class LeakReports {
  private readonly logger = new Logger(LeakReports.name);
  private readonly semaphore = new FairSemaphore(REPORTS, {
    detail: 'Too many reports at once: try again in a moment.',
    retryAfter: 5,
  });

  /** Messages of GitHub that are being dealt with. */
  private readonly underWay = new Map<string, Promise<ReadonlyMap<string, boolean>>>();

  constructor(
    private readonly format: KeyFormat,
    private readonly records: VerificationRecords,
    private readonly leaked: LeakedKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * Of whoever it may be: that they have a key is enough. They learn nothing of it, neither by the answer nor by when it
   * comes, which is at the next of few moments.
   */
  async ofAnybody(texts: readonly string[], origin: Origin): Promise<void> {
    const began = this.clock.monotonic();
    const found = [...new Set(texts)].map((text) => ({ text, from: null }));
    // Whoever has one address of a network has all of it, and takes turns as one.
    const party = { name: networkOf(origin.address) };
    await this.take(found, origin, 'anybody', (work) => this.semaphore.run(party, work));
    const took = this.clock.monotonic() - began;
    await setTimeout(Math.ceil(took / ANSWER_STEP_MS) * ANSWER_STEP_MS - took);
  }

  /**
   * Returns of the texts whether they are keys that the service knows, whatever has become of them, when with each has been
   * done what is to be done. Throws `service_unavailable` when that takes longer than ten seconds: then it goes on, and the
   * same message, when it is sent again, waits for that.
   *
   * @param digest what the same message is recognised by
   * @param since when the request came, on the monotonic clock: what was done before counts, too
   */
  async ofGithub(
    found: readonly FoundText[],
    origin: Origin,
    digest: string,
    since: number,
  ): Promise<ReadonlyMap<string, boolean>> {
    const work = this.underWay.get(digest) ?? this.begin(found, origin, digest);
    const left = Math.max(0, GITHUB_WAITS_MS - (this.clock.monotonic() - since));
    const late = (): Error => {
      work.catch((error: unknown) => {
        this.logger.error(`What GitHub has found was not all dealt with: ${String(error)}`);
      });
      const detail = 'This takes longer than an answer may: send the same again.';
      return new DomainError('service_unavailable', detail, { retryAfter: 10 });
    };
    return withDeadline(work, left, late);
  }

  private begin(
    found: readonly FoundText[],
    origin: Origin,
    digest: string,
  ): Promise<ReadonlyMap<string, boolean>> {
    const work = this.take(found, origin, 'github', (step) => step()).finally(() => {
      this.underWay.delete(digest);
    });
    this.underWay.set(digest, work);
    return work;
  }

  /**
   * Returns of each text whether it is a key, when what is to be done has been done with all of them.
   *
   * @param inTurn runs each look-up, and what is done in each application: there may be many, of whoever imported a key
   */
  private async take(
    found: readonly FoundText[],
    origin: Origin,
    by: LeakReporter,
    inTurn: InTurn,
  ): Promise<ReadonlyMap<string, boolean>> {
    const judged = new Map<string, boolean>();
    const places = new Map<string, string | null>();
    // The first place that is named of each.
    for (const { text, from } of found) places.set(text, places.get(text) ?? from);
    const texts = [...places.keys()];
    const actor = { ...systemActor('leak'), ...origin };
    for (let start = 0; start === 0 || start < texts.length; start += AT_ONCE) {
      const some = texts.slice(start, start + AT_ONCE);
      const find = (): Promise<Known[]> => this.find(some, origin);
      const known = await (by === 'github' ? patiently(find) : inTurn(find));
      const keys = new Set(known.map(({ text }) => text));
      const leaks = known.map(({ text, secretId, applicationId }): Leak => {
        return { secretId, applicationId, from: places.get(text) ?? null };
      });
      await this.leaked.report(actor, leaks, by, inTurn);
      for (const text of some) judged.set(text, keys.has(text));
    }
    return judged;
  }

  private async find(texts: readonly string[], { address, requestId }: Origin): Promise<Known[]> {
    const ours = texts.filter((text) => this.format.isOurs(text));
    const others = texts.flatMap((text) => parseImportedKey(text, this.format) ?? []);
    const presented = ours.map((text) => ({ text, applicationId: null }));
    const [records, imported] = await Promise.all([
      this.records.findAll(presented, { address, requestId }),
      this.leaked.findImported(others),
    ]);
    if (records.some(({ stale }) => stale)) {
      throw new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1 });
    }
    const made = records.flatMap(({ record }, i) =>
      record === null
        ? []
        : { text: ours[i] ?? '', secretId: record.secretId, applicationId: record.applicationId },
    );
    return [...made, ...imported.map(({ key, ...secret }) => ({ text: key.reveal(), ...secret }))];
  }
}

/**
 * Where there are keys without a tag, what may be one is looked up at a bounded rate. GitHub's message is signed: it waits,
 * where anybody else is refused.
 */
async function patiently<T>(look: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await look();
    } catch (error) {
      const isRefused = error instanceof DomainError && error.code === 'too_many_requests';
      if (!isRefused || turn === TURNS) throw error;
      await setTimeout((error.details.retryAfter ?? 1) * 1000);
    }
  }
}
