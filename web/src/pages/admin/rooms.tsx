/* All rooms of this server, with who is in them right now. */
import { Anchor, Button, Card, Group, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router-dom';
import { ADMIN_PAGE, useRooms } from '../../api/admin';
import type { Room, RoomType, SessionStatus } from '../../api/types';
import { PlusIcon } from '../../ui/icons';
import { Empty, Problem, Waiting } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { narrow, readFilter, writeFilter, type RoomFilter } from './filter';
import { Foot, Head } from './head';
import { NewRoomForm } from './new-room-form';
import { EndRoom, GoIn, isOpen, nameOf, PresentPeople, RoomBadges } from './room-parts';
import { choices, STATUS, TYPES } from './words';

export function RoomsPage() {
  const [params, setParams] = useSearchParams();
  const [making, setMaking] = useState(false);
  const filter = readFilter(params);
  const list = useRooms(filter);
  const show = (next: RoomFilter) => setParams(writeFilter(next), { replace: true });
  return (
    <Stack>
      <Head title="Rooms">
        <Filters filter={filter} show={show} />
        <Button leftSection={<PlusIcon size={16} aria-hidden />} onClick={() => setMaking(true)} data-testid="new-room">
          New room
        </Button>
      </Head>
      {list.isPending && <Waiting what="Loading the rooms" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.results.length === 0 && <None filter={filter} show={show} />}
      <SimpleGrid cols={{ base: 1, md: 2 }} component="ul" className="plain-list">
        {list.data?.results.map((room) => <RoomCard key={room.id} room={room} />)}
      </SimpleGrid>
      <Foot count={list.data?.count ?? 0} size={ADMIN_PAGE} page={filter.page} what="rooms" onPage={(page) => show({ ...filter, page })} />
      {making && <NewRoomForm onClose={() => setMaking(false)} />}
    </Stack>
  );
}

interface FilterProps {
  filter: RoomFilter;
  show(filter: RoomFilter): void;
}

function Filters({ filter, show }: FilterProps) {
  return (
    <>
      <Select
        aria-label="Rooms in which state"
        w={140}
        allowDeselect={false}
        data={[...choices(STATUS), { value: 'all', label: 'All' }]}
        value={filter.status ?? 'all'}
        onChange={(value) => show(narrow(filter, { status: value === 'all' ? null : (value as SessionStatus) }))}
        data-testid="filter-status"
      />
      <Select
        aria-label="Rooms of which type"
        w={140}
        allowDeselect={false}
        data={[{ value: '', label: 'Every type' }, ...choices(TYPES)]}
        value={filter.type ?? ''}
        onChange={(value) => show(narrow(filter, { type: (value || null) as RoomType | null }))}
        data-testid="filter-type"
      />
    </>
  );
}

function None({ filter, show }: FilterProps) {
  const all = { ...filter, status: null, type: null, page: 0 };
  const words = filter.status === 'active' && !filter.type ? 'No room is open' : 'No such room';
  return (
    <Empty title={words}>
      A room opens when its host comes in, and stands here with who is in it.{' '}
      {(filter.status || filter.type) && (
        <Anchor component="button" inherit underline="always" onClick={() => show(all)}>
          Show all rooms
        </Anchor>
      )}
    </Empty>
  );
}

function when(room: Room): string {
  if (room.status === 'active' && room.started_at) return `Open since ${formatDateTime(room.started_at)}`;
  if (room.status === 'ended' && room.ended_at) return `Ended ${formatDateTime(room.ended_at)}`;
  return room.scheduled_start ? `Planned for ${formatDateTime(room.scheduled_start)}` : 'No planned time';
}

function RoomCard({ room }: { room: Room }) {
  return (
    <Card withBorder component="li" data-testid={`room-${room.id}`}>
      <Stack gap="xs" h="100%" justify="space-between">
        <div>
          <Title order={2} size="h4" className="break" lineClamp={2}>
            <Anchor component={Link} to={`/admin/rooms/${room.id}`} inherit c="inherit">
              {nameOf(room)}
            </Anchor>
          </Title>
          <RoomBadges room={room} />
        </div>
        <Text size="sm" c="dimmed">
          {TYPES[room.room_type].word} · {when(room)}
        </Text>
        {(room.status === 'active' || room.num_participants > 0) && <PresentPeople room={room} />}
        <Group gap="xs">
          {isOpen(room) && <GoIn room={room} size="xs" />}
          <Button size="xs" variant="default" component={Link} to={`/admin/rooms/${room.id}`} aria-label={`Details of ${nameOf(room)}`}>
            Details
          </Button>
          {room.status === 'active' && <EndRoom room={room} size="xs" />}
        </Group>
      </Stack>
    </Card>
  );
}
