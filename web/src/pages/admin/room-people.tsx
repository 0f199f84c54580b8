/* Everybody who is or was in a room. */
import { Badge, Group, Stack, Text } from '@mantine/core';
import { usePeople } from '../../api/admin';
import type { Room, RoomPerson } from '../../api/types';
import { Problem, Waiting } from '../../ui/parts';
import { formatDateTime, formatDuration } from '../../ui/words';
import { Part } from './part';
import { Line } from './room-parts';
import { ROLES } from './words';

export function RoomPeople({ room }: { room: Room }) {
  const list = usePeople(room.id, room.num_participants);
  const came = list.data?.filter((person) => person.joined_at) ?? [];
  const sorted = [...came].sort((a, b) => Number(b.is_present) - Number(a.is_present));
  return (
    <Part title="People" side={<Text size="sm">{room.num_participants} in now</Text>}>
      {list.isPending && <Waiting what="Loading the people" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data && came.length === 0 && <Text size="sm">Nobody was here yet.</Text>}
      <Stack component="ul" gap="sm" className="plain-list" data-testid="people-list">
        {sorted.map((person) => (
          <PersonRow key={person.id} person={person} />
        ))}
      </Stack>
    </Part>
  );
}

function when(person: RoomPerson): string {
  const now = person.stays.find((stay) => !stay.left_at);
  if (now) return `since ${formatDateTime(now.joined_at)}`;
  return person.left_at ? `left ${formatDateTime(person.left_at)}` : '';
}

function PersonRow({ person }: { person: RoomPerson }) {
  return (
    <li data-testid={`who-${person.id}`}>
      <Group gap="xs">
        <Text size="sm" fw={600} className="break">
          {person.name || person.identity}
        </Text>
        {person.is_present && (
          <Badge color="green" variant="light" size="sm">
            In now
          </Badge>
        )}
        {person.status === 'kicked' && (
          <Badge color="red" variant="light" size="sm">
            Removed
          </Badge>
        )}
      </Group>
      <Group gap="xs" fz="sm" c="dimmed">
        <span>{ROLES[person.role].word}</span>
        <span>{when(person)}</span>
        <span>{formatDuration(person.duration_seconds)} in all</span>
        <Line quality={person.connection_quality} />
      </Group>
    </li>
  );
}
