import { highestTime, readSetting, settingOf, writeSetting } from "./store/settings.ts";
import type { Store } from "./store/store.ts";
import type { Clock } from "./time/clock.ts";

const toleratedMs = 5 * 60_000;
const everyMs = 60_000;

/** Keeps the highest time ever seen: while the clock is behind it, dated grants are not honoured (relay-policy §2.2, expiry). */
export async function watchTime(store: Store, clock: Clock) {
  let highest = Number(settingOf(await store.read(readSetting(highestTime))) ?? 0);
  let timer = clock.after(0, note);
  function note(): void {
    highest = Math.max(highest, clock.now());
    // A store that fails says so itself.
    store.commit([writeSetting(highestTime, String(highest))]).catch(() => {});
    timer = clock.after(everyMs, note);
  }
  return { isBehind: () => clock.now() < highest - toleratedMs, stop: () => timer.cancel() };
}
