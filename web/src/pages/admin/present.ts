/* Who is in a room right now, out of what the API tells of everybody who ever was. */
import type { RoomPerson } from '../../api/types';

export interface Present {
  identity: string;
  name: string;
  role: RoomPerson['role'];
  since: string;
  line: RoomPerson['connection_quality'];
}

export function presentOf(people: RoomPerson[]): Present[] {
  return people
    .flatMap(({ identity, name, role, stays }) => {
      const now = stays.find((stay) => !stay.left_at);
      return now ? [{ identity, name: name || identity, role, since: now.joined_at, line: now.connection_quality }] : [];
    })
    .sort((a, b) => a.since.localeCompare(b.since));
}
