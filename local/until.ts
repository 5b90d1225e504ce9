// Waiting in tests: for a condition, never for a time.
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 50;
const GIVE_UP_MS = 180_000;

/**
 * Asks again and again until there is an answer; rejects, naming what was waited for, when there is none for
 * three minutes: a busy machine is slow.
 */
export async function until<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined>,
  giveUpMs = GIVE_UP_MS,
): Promise<Answer> {
  const deadlineMs = Date.now() + giveUpMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadlineMs) throw new Error(`waited ${giveUpMs / 1000} s in vain until ${what}`);
    await wait(POLL_MS);
  }
}

/** Long beside the moment that a patch of a schedule needs to have its effect. */
const SEND_AGAIN_MS = 20_000;

/**
 * As `until`, of what comes of a patch of a schedule: the server may lose one without a word, so it is sent
 * again. Sent twice it has to do the same.
 */
export async function untilSent<Answer>(
  what: string,
  send: () => Promise<unknown>,
  ask: () => Promise<Answer | undefined>,
): Promise<Answer> {
  let sentMs = -Infinity;
  return until(what, async () => {
    if (Date.now() - sentMs > SEND_AGAIN_MS) {
      await send();
      sentMs = Date.now();
    }
    return ask();
  });
}
