import { describe, expect, it } from 'vitest';
import type { HashThread, HashThreadHooks } from '../../src/access/hash-thread.js';
import { PasswordChecker } from '../../src/access/password-checker.js';
import { hashPassword, type PasswordHash, parsePasswordHash } from '../../src/access/password-hash.js';

const HASH: PasswordHash = {
  kind: 'pbkdf2-sha512',
  iterations: 1,
  salt: Buffer.alloc(16),
  hash: Buffer.alloc(32),
};

/** Threads that a test answers for. */
class FakeThreads {
  readonly started: (HashThreadHooks & { jobs: number; isEnded: boolean })[] = [];
  underWay = 0;
  mostAtOnce = 0;

  readonly start = (hooks: HashThreadHooks): HashThread => {
    const thread = { ...hooks, jobs: 0, isEnded: false };
    this.started.push(thread);
    return {
      post: () => {
        thread.jobs += 1;
        this.underWay += 1;
        this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay);
      },
      end: async () => {
        thread.isEnded = true;
        thread.onEnd();
      },
    };
  };

  answer(isRight: boolean): void {
    this.underWay -= 1;
    this.started.at(-1)!.onAnswer(isRight);
  }

  crash(): void {
    this.underWay = 0;
    this.started.at(-1)!.onEnd();
  }
}

let asked = 0;

/** Each with a password of its own. */
function question(sender = '192.0.2.1', isWanted = () => true) {
  asked += 1;
  return { password: Buffer.from(`secret ${asked}`), hash: HASH, sender, isWanted };
}

describe('PasswordChecker [access 7] [security 5]', () => {
  it('starts no thread before the first password', async () => {
    const threads = new FakeThreads();
    const checker = new PasswordChecker({ startThread: threads.start });
    expect(threads.started).toHaveLength(0);
    await checker.close();
  });

  it('checks one of 500 at once, lets 256 wait and answers busy to the others at once', async () => {
    const threads = new FakeThreads();
    const checker = new PasswordChecker({ startThread: threads.start });
    const answers: string[] = [];
    const all = Array.from({ length: 500 }, (_, index) =>
      checker.check(question(`192.0.2.${index % 5}`)).then((answer) => answers.push(answer)),
    );
    await Promise.resolve();
    expect(checker.waiting).toBe(256);
    expect(answers.filter((answer) => answer === 'busy')).toHaveLength(243);
    for (let left = 257; left > 0; left -= 1) threads.answer(true);
    await Promise.all(all);
    expect(threads.mostAtOnce).toBe(1);
    expect(threads.started).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'right')).toHaveLength(257);
    await checker.close();
  });

  it('lets an address with one password in between those of an address with hundreds', async () => {
    const threads = new FakeThreads();
    const checker = new PasswordChecker({ startThread: threads.start });
    for (let count = 0; count < 300; count += 1) void checker.check(question('192.0.2.66'));
    const own = checker.check(question('192.0.2.1'));
    threads.answer(false);
    threads.answer(false);
    threads.answer(true);
    expect(await own).toBe('right');
    await checker.close();
  });

  it('checks a password once for a client that asks again meanwhile, and again for another address', async () => {
    const threads = new FakeThreads();
    const checker = new PasswordChecker({ startThread: threads.start });
    const one = question();
    const answers = [one, one, one, { ...one, sender: '192.0.2.2' }].map((each) => checker.check(each));
    threads.answer(true);
    threads.answer(false);
    expect(await Promise.all(answers)).toEqual(['right', 'right', 'right', 'wrong']);
    expect(threads.started[0]!.jobs).toBe(2);
    const again = checker.check(one);
    threads.answer(false);
    expect(await again).toBe('wrong');
    await checker.close();
  });

  it('hashes nothing for those who may not try any more when it is their turn', async () => {
    const threads = new FakeThreads();
    const checker = new PasswordChecker({ startThread: threads.start });
    let mayTry = true;
    const first = checker.check(question());
    const second = checker.check(question('192.0.2.1', () => mayTry));
    mayTry = false;
    threads.answer(false);
    expect(await first).toBe('wrong');
    expect(await second).toBe('unwanted');
    expect(threads.started[0]!.jobs).toBe(1);
    await checker.close();
  });

  it('starts a thread that has failed again, later each time, and checks what waited', async () => {
    const threads = new FakeThreads();
    const timers: { delayMs: number; run: () => void }[] = [];
    const checker = new PasswordChecker({
      startThread: threads.start,
      schedule: (delayMs, run) => {
        timers.push({ delayMs, run });
        return () => undefined;
      },
      random: () => 1,
    });
    const [lost, lostToo, kept] = [question(), question(), question()].map((one) => checker.check(one));
    threads.crash();
    expect(await lost).toBe('busy');
    expect(threads.started).toHaveLength(1);
    timers[0]!.run();
    threads.crash();
    expect(await lostToo).toBe('busy');
    timers[1]!.run();
    threads.answer(true);
    expect(await kept).toBe('right');
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([100, 200]);
    expect(threads.started).toHaveLength(3);
    await checker.close();
  });

  it('answers everybody and ends its thread when it closes', async () => {
    const threads = new FakeThreads();
    const checker = new PasswordChecker({ startThread: threads.start });
    const all = [question(), question()].map((one) => checker.check(one));
    await checker.close();
    expect(await Promise.all(all)).toEqual(['busy', 'busy']);
    expect(threads.started[0]!.isEnded).toBe(true);
    expect(await checker.check(question())).toBe('busy');
  });

  it('checks with a real thread', async () => {
    const parsed = parsePasswordHash(hashPassword(Buffer.from('right password')));
    if (!parsed.ok) throw new Error(parsed.expected);
    const checker = new PasswordChecker();
    const of = (password: string) => ({ ...question(), password: Buffer.from(password), hash: parsed.hash });
    const answers = await Promise.all([checker.check(of('right password')), checker.check(of('wrong'))]);
    expect(answers).toEqual(['right', 'wrong']);
    await checker.close();
  });
});
