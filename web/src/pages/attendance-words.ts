/* Late, early, in and out: what there is to say of a person's attendance. */
import type { Model } from '../api/types';
import { formatDuration } from '../ui/words';

type Judged = Pick<Model<'attendance_person'>, 'late_ms' | 'left_early_ms' | 'reconnects'>;
const MINUTE_MS = 60_000;

/** Less than a minute is in time. */
export function punctuality({ late_ms, left_early_ms, reconnects }: Judged): string[] {
  const words: string[] = [];
  if (late_ms != null && late_ms >= MINUTE_MS) words.push(`${formatDuration(late_ms / 1000)} late`);
  if (left_early_ms != null && left_early_ms >= MINUTE_MS) words.push(`left ${formatDuration(left_early_ms / 1000)} early`);
  if (reconnects > 0) words.push(reconnects === 1 ? 'came back once' : `came back ${reconnects} times`);
  return words;
}
