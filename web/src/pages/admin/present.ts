/* Who is in a room right now, out of what the API tells of everybody who ever was. */
import type { Model } from '../../api/types';

export interface Present {
  identity: string;
  name: string;
  role: Model<'participant_role'>;
  since: string;
}

export function presentOf(people: Model<'attendance_person'>[]): Present[] {
  return people
    .flatMap(({ identity, name, role, spans }) => {
      const open = spans.find((span) => !span.left_at);
      return open ? [{ identity, name: name || identity, role, since: open.joined_at }] : [];
    })
    .sort((a, b) => a.since.localeCompare(b.since));
}
