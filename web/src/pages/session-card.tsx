import { ActionIcon, Badge, Button, Card, Group, Menu, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';
import { deleteSession, joinSession, updateSession, useSessionChange } from '../api/queries';
import type { Session, SessionStatus } from '../api/types';
import { MoreIcon } from '../ui/icons';
import { complain, Confirm, Copy } from '../ui/parts';
import { formatDateTime } from '../ui/words';
import { roomPath } from './join';
import { STATUS_WORDS } from './sessions';

const COLORS: Record<SessionStatus, string> = { scheduled: 'blue', active: 'green', ended: 'gray', cancelled: 'red' };

export const joinLink = (session: Session) => `${window.location.origin}/join/${session.room_code}`;

interface Props {
  session: Session;
  mine: boolean;
  onEdit(): void;
}

export function SessionCard({ session, mine, onEdit }: Props) {
  const navigate = useNavigate();
  const joining = useMutation({
    mutationFn: () => joinSession(session.id),
    onSuccess: (reply) => navigate(roomPath(reply)),
    onError: complain,
  });
  const open = session.status === 'scheduled' || session.status === 'active';
  return (
    <Card withBorder component="li" data-testid={`session-${session.id}`}>
      <Stack gap="xs" h="100%" justify="space-between">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={2} size="h4" className="break" lineClamp={2} miw={0}>
            {session.title || 'Untitled session'}
          </Title>
          <Group gap={4} wrap="nowrap" style={{ flexShrink: 0 }}>
            <Badge color={COLORS[session.status]} variant="light">
              {STATUS_WORDS[session.status]}
            </Badge>
            {mine && <SessionMenu session={session} open={open} onEdit={onEdit} />}
          </Group>
        </Group>
        {session.description && (
          <Text size="sm" c="dimmed" lineClamp={2} className="break">
            {session.description}
          </Text>
        )}
        <Text size="sm">
          {session.scheduled_start ? formatDateTime(session.scheduled_start) : 'No planned time'} · {session.duration_minutes} min
        </Text>
        {open && <Invitation session={session} />}
        <Group gap="xs">
          {open && (
            <Button size="xs" onClick={() => joining.mutate()} loading={joining.isPending} data-testid={`open-${session.id}`}>
              {mine ? 'Open' : 'Join'}
            </Button>
          )}
          <Button size="xs" variant="default" component={Link} to={`/my/${session.id}/recordings`}>
            Recordings
          </Button>
          {mine && (
            <Button size="xs" variant="default" component={Link} to={`/my/${session.id}/attendance`}>
              Attendance
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}

function Invitation({ session }: { session: Session }) {
  return (
    <Group gap={4}>
      <Text size="sm" c="dimmed">
        Code
      </Text>
      <Text className="code" data-testid={`code-${session.id}`}>
        {session.room_code}
      </Text>
      <Copy value={session.room_code} label={`Copy the code of ${session.title}`} />
      <Text size="sm" c="dimmed" ml="sm">
        Link
      </Text>
      <Copy value={joinLink(session)} label={`Copy the link to ${session.title}`} />
    </Group>
  );
}

function SessionMenu({ session, open, onEdit }: { session: Session; open: boolean; onEdit(): void }) {
  const [asking, setAsking] = useState<'delete' | 'cancel' | null>(null);
  const change = useSessionChange((status: SessionStatus) => updateSession(session.id, { status }));
  const removal = useSessionChange(() => deleteSession(session.id));
  const close = () => setAsking(null);
  const settled = { onError: complain, onSettled: close };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`More for ${session.title}`} data-testid={`more-${session.id}`}>
            <MoreIcon size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onEdit}>Edit</Menu.Item>
          {open && <Menu.Item onClick={() => setAsking('cancel')}>Cancel the session</Menu.Item>}
          {!open && <Menu.Item onClick={() => change.mutate('scheduled', { onError: complain })}>Plan it again</Menu.Item>}
          <Menu.Item color="red" onClick={() => setAsking('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={asking === 'cancel'}
        title="Cancel this session?"
        confirm="Cancel the session"
        busy={change.isPending}
        onConfirm={() => change.mutate('cancelled', settled)}
        onClose={close}
      >
        Nobody can join “{session.title}” any more, and who is in it is sent out. You can plan it again later.
      </Confirm>
      <Confirm
        opened={asking === 'delete'}
        title="Delete this session?"
        confirm="Delete"
        busy={removal.isPending}
        onConfirm={() => removal.mutate(undefined, settled)}
        onClose={close}
      >
        “{session.title}” leaves your list, with its link, its attendance and its recordings. This cannot be undone.
      </Confirm>
    </>
  );
}
