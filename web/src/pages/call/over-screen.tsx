import { Button, Center, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router-dom';
import { useToken } from '../../api/token';
import type { Lookup } from '../../api/types';
import type { Over } from '../../call/state';

const TITLES: Record<string, string> = {
  left: 'You left the session',
  removed: 'You were removed from this session',
  ended: 'This session has ended',
  denied: 'The host did not let you in',
  replaced: 'You joined from another place',
  refused: 'You cannot join now',
};

const HINTS: Record<string, string> = {
  removed: 'Your link does not work any more. If you think this is a mistake, ask your teacher.',
  replaced: 'The same link was opened in another window or on another device. Only one of them can be in the call.',
  denied: 'If you think this is a mistake, ask your teacher and try again.',
};

const MAY_RETURN = new Set(['left', 'denied', 'replaced', 'refused']);

export function OverScreen({ over, lookup, again }: { over: Over; lookup: Lookup | undefined; again(): void }) {
  const signedIn = useToken() !== null;
  const title = TITLES[over.reason] ?? 'The session is over for you';
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack align="center" maw={440} ta="center" data-testid="over" data-reason={over.reason} role="alert">
        <Title order={1} size="h2">
          {title}
        </Title>
        {over.reason !== 'left' && over.message && over.message !== title && <Text>{over.message}</Text>}
        {HINTS[over.reason] && <Text c="dimmed">{HINTS[over.reason]}</Text>}
        <Group justify="center">
          {MAY_RETURN.has(over.reason) && (
            <Button onClick={again} data-testid="again">
              {over.reason === 'left' ? 'Come back' : over.reason === 'replaced' ? 'Join here instead' : 'Try again'}
            </Button>
          )}
          {signedIn && lookup?.role === 'teacher' && <TeacherLinks id={lookup.session_id} />}
          <Button component={Link} to={signedIn ? '/' : '/join'} variant="default">
            {signedIn ? 'My sessions' : 'Join another session'}
          </Button>
        </Group>
      </Stack>
    </Center>
  );
}

function TeacherLinks({ id }: { id: number }) {
  return (
    <>
      <Button component={Link} to={`/my/${id}/recordings`} variant="default">
        Recordings
      </Button>
      <Button component={Link} to={`/my/${id}/attendance`} variant="default">
        Attendance
      </Button>
    </>
  );
}
