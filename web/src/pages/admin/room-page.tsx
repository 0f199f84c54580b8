/* One room: who is in it and was, links into it, recordings, what it is. */
import { Anchor, Button, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { deleteRoom, setRoomStatus, useAdminChange, useRoom } from '../../api/admin';
import type { Room } from '../../api/types';
import { complain, Confirm, Copy, Problem, usePageTitle, Waiting } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { Head } from './head';
import { Part } from './part';
import { RoomDialIn } from './room-dial-in';
import { RoomForm } from './room-form';
import { EndRoom, GoIn, isOpen, nameOf, RoomBadges } from './room-parts';
import { RoomPeople } from './room-people';
import { RoomRecordings } from './room-recordings';
import { RoomTokens } from './room-tokens';
import { TYPES } from './words';

export function RoomPage() {
  const { id = '' } = useParams();
  const { data: room, error, isPending, refetch } = useRoom(id);
  usePageTitle(room ? nameOf(room) : 'Room');
  if (isPending) return <Waiting what="Loading the room" />;
  if (!room)
    return (
      <Stack>
        <Head title="Room" />
        <Problem error={error} retry={() => void refetch()} />
      </Stack>
    );
  return (
    <Stack data-testid="room">
      <Top room={room} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Stack>
          <RoomPeople room={room} />
          <RoomTokens room={room} />
        </Stack>
        <Stack>
          <RoomRecordings room={room} />
          <RoomDialIn room={room} />
          <Part title="Details">
            <Facts room={room} />
          </Part>
        </Stack>
      </SimpleGrid>
    </Stack>
  );
}

function Top({ room }: { room: Room }) {
  const [editing, setEditing] = useState(false);
  return (
    <div>
      <Anchor component={Link} to="/admin/rooms" size="sm">
        ← Rooms
      </Anchor>
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={1} size="h2" className="break">
            {nameOf(room)}
          </Title>
          <RoomBadges room={room} />
        </Group>
        <Group gap="xs">
          {isOpen(room) && <GoIn room={room} />}
          {isOpen(room) ? <EndRoom room={room} /> : <PlanAgain room={room} />}
          <Button variant="default" onClick={() => setEditing(true)} data-testid="edit">
            Edit
          </Button>
          <DeleteRoom room={room} />
        </Group>
      </Group>
      {room.description && (
        <Text c="dimmed" className="break">
          {room.description}
        </Text>
      )}
      {editing && <RoomForm room={room} onClose={() => setEditing(false)} />}
    </div>
  );
}

function PlanAgain({ room }: { room: Room }) {
  const planning = useAdminChange(() => setRoomStatus(room.id, 'scheduled'));
  return (
    <Button variant="default" loading={planning.isPending} onClick={() => planning.mutate(undefined, { onError: complain })} data-testid="plan-again">
      Plan it again
    </Button>
  );
}

function DeleteRoom({ room }: { room: Room }) {
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const removal = useAdminChange(() => deleteRoom(room.id));
  return (
    <>
      <Button variant="subtle" color="red" onClick={() => setAsking(true)} data-testid="delete-room">
        Delete
      </Button>
      <Confirm
        opened={asking}
        title="Delete this room?"
        confirm="Delete"
        busy={removal.isPending}
        onConfirm={() => removal.mutate(undefined, { onSuccess: () => navigate('/admin/rooms'), onError: complain })}
        onClose={() => setAsking(false)}
      >
        “{nameOf(room)}” leaves all lists, with its links, its attendance and its recordings; who is in it is sent out. This cannot be undone.
      </Confirm>
    </>
  );
}

function Facts({ room }: { room: Room }) {
  const on = (is: boolean) => (is ? 'yes' : 'no');
  const rows: [string, ReactNode][] = [
    ['Type', TYPES[room.room_type].word],
    ['Code', <Code key="code" value={room.room_code} />],
    ['Planned', room.scheduled_start ? formatDateTime(room.scheduled_start) : 'no time'],
    ['Length', `${room.duration_minutes} min`],
    ['Opened', room.started_at ? formatDateTime(room.started_at) : 'not yet'],
    ...(room.ended_at ? [['Ended', formatDateTime(room.ended_at)] as [string, ReactNode]] : []),
    ['Seats', room.max_participants],
    ['Waiting room', on(room.waiting_room)],
    ['Guests by code', on(room.allow_guests)],
    ['Recorded from start', on(room.recording_enabled)],
    ['Chat', on(room.enable_chat)],
    ['Screen sharing', on(room.enable_screenshare)],
    ['Dial-in PIN', room.sip_pin ? <Code key="pin" value={room.sip_pin} /> : 'none: it cannot be dialled into'],
    ['Carried by', `${room.provider}, as ${room.livekit_room_name}`],
  ];
  return (
    <dl className="facts">
      {rows.map(([word, value]) => (
        <Fact key={word} word={word} value={value} />
      ))}
    </dl>
  );
}

const Fact = ({ word, value }: { word: string; value: ReactNode }) => (
  <>
    <dt>{word}</dt>
    <dd>{value}</dd>
  </>
);

function Code({ value }: { value: string }) {
  return (
    <Group gap={4} component="span">
      <span className="code">{value}</span>
      <Copy value={value} label={`Copy ${value}`} />
    </Group>
  );
}
