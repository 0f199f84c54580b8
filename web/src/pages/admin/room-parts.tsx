/* What the list of rooms and a room's own page both show. */
import { Badge, Button, Group, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { setRoomStatus, useAdminChange, usePeople } from '../../api/admin';
import { joinSession } from '../../api/queries';
import type { Room, RoomPerson } from '../../api/types';
import { WifiIcon, WifiWeakIcon } from '../../ui/icons';
import { complain, Confirm, Problem } from '../../ui/parts';
import { formatShortTime } from '../../ui/words';
import { roomPath } from '../join';
import { presentOf } from './present';
import { LINES, people, ROLES, STATUS } from './words';

export const nameOf = (room: Room) => room.name || 'Untitled room';
export const isOpen = (room: Room) => room.status === 'active' || room.status === 'scheduled';

export function RoomBadges({ room }: { room: Room }) {
  const { word, color } = STATUS[room.status];
  return (
    <Group gap={4}>
      {room.is_recording && (
        <Badge color="red" variant="light">
          Recording
        </Badge>
      )}
      {room.locked && (
        <Badge color="yellow" variant="light">
          Locked
        </Badge>
      )}
      <Badge color={color} variant="light" data-testid="status">
        {word}
      </Badge>
    </Group>
  );
}

/** The page's words on somebody's line, seldom more than an icon's worth. */
export function Line({ quality }: { quality: RoomPerson['connection_quality'] }) {
  if (!quality) return null;
  const Sign = quality === 'poor' ? WifiWeakIcon : WifiIcon;
  return (
    <Group gap={4} wrap="nowrap" component="span" data-quality={quality}>
      <Sign size={14} aria-hidden />
      <span>{LINES[quality]}</span>
    </Group>
  );
}

export function PresentPeople({ room }: { room: Room }) {
  const { data, error } = usePeople(room.id, room.num_participants, room.num_participants > 0);
  if (room.num_participants === 0) return <Text size="sm">Nobody is in.</Text>;
  return (
    <div data-testid="present">
      <Text size="sm" fw={600}>
        {people(room.num_participants)} in now
      </Text>
      {error && <Problem error={error} />}
      <ul className="plain-list" aria-label={`In ${nameOf(room)} now`}>
        {presentOf(data ?? []).map((person) => (
          <li key={person.identity}>
            <Group gap="xs" justify="space-between">
              <Text size="sm" className="break">
                {person.name}
                {person.role !== 'participant' && `, ${ROLES[person.role].word.toLowerCase()}`}
              </Text>
              <Group gap="xs" fz="sm" c="dimmed">
                <Line quality={person.line} />
                since {formatShortTime(person.since)}
              </Group>
            </Group>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function GoIn({ room, size }: { room: Room; size?: 'xs' }) {
  const navigate = useNavigate();
  const joining = useMutation({
    mutationFn: () => joinSession(room.id),
    onSuccess: (reply) => navigate(roomPath(reply)),
    onError: complain,
  });
  return (
    <Button size={size} onClick={() => joining.mutate()} loading={joining.isPending} aria-label={`Open ${nameOf(room)}`} data-testid={`open-${room.id}`}>
      Open
    </Button>
  );
}

export function EndRoom({ room, size }: { room: Room; size?: 'xs' }) {
  const [asking, setAsking] = useState(false);
  const ending = useAdminChange(() => setRoomStatus(room.id, 'ended'));
  const close = () => setAsking(false);
  return (
    <>
      <Button size={size} variant="light" color="red" onClick={() => setAsking(true)} aria-label={`End ${nameOf(room)}`} data-testid={`end-${room.id}`}>
        End
      </Button>
      <Confirm
        opened={asking}
        title="End this room?"
        confirm="End the room"
        busy={ending.isPending}
        onConfirm={() => ending.mutate(undefined, { onError: complain, onSettled: close })}
        onClose={close}
      >
        Everybody in “{nameOf(room)}” is sent out, and a running recording is finished. The room can be planned again later.
      </Confirm>
    </>
  );
}
