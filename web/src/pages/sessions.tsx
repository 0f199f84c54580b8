import { Button, Group, Pagination, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { isTheirs, PAGE, useMe, useSessions } from '../api/queries';
import type { Session, SessionStatus } from '../api/types';
import { PlusIcon } from '../ui/icons';
import { Empty, Problem, usePageTitle, Waiting } from '../ui/parts';
import { SessionCard } from './session-card';
import { SessionForm } from './session-form';

export const STATUS_WORDS: Record<SessionStatus, string> = {
  scheduled: 'Planned',
  active: 'Open now',
  ended: 'Ended',
  cancelled: 'Cancelled',
};

export function SessionsPage() {
  usePageTitle('My sessions');
  const [page, setPage] = useState(0);
  const [status, setStatus] = useState<SessionStatus | null>(null);
  const [editing, setEditing] = useState<Session | 'new' | null>(null);
  const list = useSessions(page, status);
  const { data: me } = useMe();
  const pages = Math.ceil((list.data?.total ?? 0) / PAGE);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          My sessions
        </Title>
        <Group>
          <Select
            aria-label="Which sessions"
            placeholder="All"
            clearable
            w={140}
            data={Object.entries(STATUS_WORDS).map(([value, label]) => ({ value, label }))}
            value={status}
            onChange={(value) => {
              setStatus(value as SessionStatus | null);
              setPage(0);
            }}
          />
          <Button leftSection={<PlusIcon size={16} aria-hidden />} onClick={() => setEditing('new')} data-testid="new-session">
            New session
          </Button>
        </Group>
      </Group>
      {list.isPending && <Waiting what="Loading your sessions" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.total === 0 && <NoSessions filtered={status !== null} />}
      <SimpleGrid cols={{ base: 1, md: 2 }} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
        {list.data?.sessions.map((session) => (
          <SessionCard
            key={session.id}
            session={session}
            mine={isTheirs(session, me)}
            onEdit={() => setEditing(session)}
          />
        ))}
      </SimpleGrid>
      {pages > 1 && (
        <Group justify="space-between">
          <Pagination total={pages} value={page + 1} onChange={(value) => setPage(value - 1)} getControlProps={pageLabel} />
          <Text size="sm" c="dimmed">
            {list.data?.total} sessions
          </Text>
        </Group>
      )}
      {editing && <SessionForm session={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
    </Stack>
  );
}

const pageLabel = (control: 'next' | 'previous' | 'first' | 'last') => ({ 'aria-label': `${control} page` });

function NoSessions({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title="None of these">No session is in this state. Choose “All” to see the others.</Empty>;
  return (
    <Empty title="No sessions yet">
      Make your first one by “New session”, then give its link or its six-character code to the people who shall come. If somebody gave you a
      code, use “Join by code” above.
    </Empty>
  );
}
