/* Watches the line and the voices while the call runs. */
import type { CallMedia } from './media';
import type { Quality } from './messages';
import { judge, lossBetween, type LineSample } from './quality';

const VOICE_MS = 250;
const LINE_MS = 4000;
const LOUD = 0.02;
/** A voice counts as speaking this long after it was last loud: words have gaps. */
const HOLD_MS = 900;

export interface MonitorHooks {
  /** The empty string stands for this page's own voice. */
  voices(speaking: Set<string>, loudestOther: string | null): void;
  quality(quality: Quality): void;
}

export class Monitor {
  private timers: ReturnType<typeof setInterval>[] = [];
  private readonly loudAt = new Map<string, number>();
  private before: LineSample | null = null;
  private said: Quality | null = null;
  private shown = '';

  constructor(
    private readonly media: () => CallMedia | null,
    private readonly hooks: MonitorHooks,
  ) {}

  start(): void {
    if (this.timers.length) return;
    this.timers = [
      setInterval(() => void this.listen(), VOICE_MS),
      setInterval(() => void this.measure(), LINE_MS),
    ];
  }

  stop(): void {
    this.timers.splice(0).forEach(clearInterval);
  }

  private async listen(): Promise<void> {
    const media = this.media();
    const levels = media?.levels() ?? new Map<string, number>();
    const loudest = [...levels].reduce<[string | null, number]>(
      (best, [who, level]) => (level > best[1] ? [who, level] : best),
      [null, LOUD],
    )[0];
    levels.set('', (await media?.ownLevel().catch(() => 0)) ?? 0);
    const speaking = this.hold(levels, Date.now());
    const shown = [...speaking].sort().join() + '|' + loudest;
    if (shown === this.shown) return; // nothing to draw anew
    this.shown = shown;
    this.hooks.voices(speaking, loudest);
  }

  private hold(levels: Map<string, number>, now: number): Set<string> {
    for (const [who, level] of levels) if (level > LOUD) this.loudAt.set(who, now);
    for (const [who, at] of this.loudAt) if (now - at > HOLD_MS) this.loudAt.delete(who);
    return new Set(this.loudAt.keys());
  }

  private async measure(): Promise<void> {
    const now = await this.media()?.line().catch(() => null);
    if (!now) return;
    const quality = judge(this.before ? lossBetween(this.before, now) : now.sentLoss, now.rttMs);
    this.before = now;
    if (quality !== this.said) this.hooks.quality((this.said = quality));
  }
}
