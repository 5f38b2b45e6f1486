import { setImmediate } from 'node:timers/promises';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { PasswordStrength } from '../domain/password-strength.js';

/** Guesses, above which zxcvbn calls a password "safely unguessable": its score is 3 then. */
const MIN_GUESSES = 1e8;

/**
 * UTF-16 code units that zxcvbn is given at a time. Its work grows with more than the square of them: of 256 that were
 * chosen for it, it would hold up everybody for seconds.
 */
const PART = 24;

/** Code units that are looked at altogether: compatibility characters may become eighteen each. */
const MAX_LENGTH = 256;

/** Ways to read digits and signs as letters that are tried; each is looked up as the password itself is. */
const MAX_READINGS = 4;

/** What the first registration would otherwise wait for: Node compiles what it runs often. */
const WARM_UP = [
  'Summer2026!',
  'a long walk in the hills',
  '4@(0$1!|7{3<6',
  '19841231',
  'qwertyasdf',
  'abcabcabc',
];

type Judge = Pick<ZxcvbnFactory, 'check'>;

/**
 * Passwords are judged by zxcvbn, part by part, with a turn for others in between. One part that would not be guessed is
 * enough, for the rest of the password makes it no weaker.
 */
export class ZxcvbnPasswordStrength extends PasswordStrength {
  constructor(private readonly judge: () => Judge | Promise<Judge> = sharedJudge) {
    super();
  }

  /**
   * Reads the dictionaries, once in a process: that takes a few tenths of a second, and about 40 MB. To be done before
   * anybody is served, who would wait for it.
   */
  async load(): Promise<this> {
    await this.judge();
    return this;
  }

  async isGuessable(password: string, words: readonly string[]): Promise<boolean> {
    const text = password.normalize('NFKC');
    if (words.includes(text.toLowerCase())) return true;
    const judge = await this.judge();
    for (let from = 0; from < Math.min(text.length, MAX_LENGTH); from += PART) {
      if (from > 0) await setImmediate();
      // A number of guesses that is none is not enough of them.
      if (judge.check(text.slice(from, from + PART), [...words]).guesses >= MIN_GUESSES) return false;
    }
    return true;
  }
}

let loaded: Promise<Judge> | undefined;

function sharedJudge(): Promise<Judge> {
  loaded ??= makeJudge();
  return loaded;
}

async function makeJudge(): Promise<Judge> {
  const [common, english] = await Promise.all([
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  // The sequences of words are some twenty dictionaries more, in each of which every part of a password is looked up.
  const words = ['commonWords-en', 'firstnames-en', 'lastnames-en', 'wikipedia-en'] as const;
  const made = new ZxcvbnFactory({
    dictionary: {
      ...common.dictionary,
      ...Object.fromEntries(words.map((name) => [name, english.dictionary[name]])),
    },
    graphs: common.adjacencyGraphs,
    l33tMaxSubstitutions: MAX_READINGS,
    maxLength: PART,
  });
  for (const password of WARM_UP) made.check(password);
  return made;
}
