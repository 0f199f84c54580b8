import { Alert, Anchor, Button, Card, Center, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Link, useLocation, useNavigate, useParams } from 'react-router-dom';
import { ApiError } from '../api/client';
import { joinAsGuest, joinByCode, lookUp, useMe } from '../api/queries';
import { Problem, usePageTitle } from '../ui/parts';
import { formatDateTime } from '../ui/words';

const CODE_LENGTH = 6;
const clean = (code: string) => code.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, CODE_LENGTH);

export const roomPath = (reply: { room_name: string; token: string }) =>
  `/room/${encodeURIComponent(reply.room_name)}?t=${encodeURIComponent(reply.token)}`;

/** Why somebody who followed a room's link has to come in by its code. */
export type JoinState = { why: 'signed-out' | 'no-seat' };

const reasons: Record<JoinState['why'], string> = {
  'signed-out': 'That link alone does not let anybody in. Type the room code, or sign in if you have an account.',
  'no-seat': 'You have no seat in that session yet. Its room code gives you one.',
};

const isUnknown = (error: Error) => error instanceof ApiError && error.status === 404;

export function JoinPage() {
  usePageTitle('Join by code');
  const given = clean(useParams().code ?? '');
  const [code, setCode] = useState(given);
  const [name, setName] = useState(localStorage.getItem('roomd.name') ?? '');
  const { data: me } = useMe();
  const navigate = useNavigate();
  const state = useLocation().state as JoinState | null;
  const whole = code.length === CODE_LENGTH;
  const found = useQuery({ queryKey: ['lookup', code], queryFn: () => lookUp({ room_code: code }), enabled: whole, retry: false });
  const shut = !me && found.data !== undefined && !found.data.allow_guests;
  const joining = useMutation({
    mutationFn: () => (me ? joinByCode(code) : joinAsGuest(code, name.trim())),
    onSuccess: (reply) => navigate(roomPath(reply)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!me) localStorage.setItem('roomd.name', name.trim());
    joining.mutate();
  };
  return (
    <Center mt={{ base: 'sm', sm: 'xl' }}>
      <Card withBorder padding="lg" w="100%" maw={420}>
        <Title order={1} size="h3" mb="md">
          Join a session
        </Title>
        <form onSubmit={submit}>
          <Stack>
            {state && (
              <Alert color="blue" title="A room code is needed" role="status" data-testid="why">
                {reasons[state.why]}
              </Alert>
            )}
            <TextInput
              label="Room code"
              description="Six letters and digits; your teacher has it"
              required
              size="lg"
              autoFocus={!given}
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              classNames={{ input: 'code' }}
              value={code}
              onChange={(event) => setCode(clean(event.target.value))}
              data-testid="code"
            />
            {found.error && <Problem title={isUnknown(found.error) ? 'This code was not found' : 'The code could not be looked up'} error={found.error} />}
            {found.data && <Found lookup={found.data} shut={shut} code={code} />}
            {!me && !shut && (
              <TextInput
                label="Your name"
                description="Shown to the others"
                required
                maxLength={200}
                autoComplete="name"
                value={name}
                onChange={(event) => setName(event.target.value)}
                data-testid="name"
              />
            )}
            {joining.error && <Problem title="Could not join" error={joining.error} />}
            <Button type="submit" size="md" disabled={!whole || shut} loading={joining.isPending} data-testid="join-code">
              Continue
            </Button>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}

/** `shut`: not for somebody who is not signed in. */
function Found({ lookup, shut, code }: { lookup: Awaited<ReturnType<typeof lookUp>>; shut: boolean; code: string }) {
  return (
    <Alert color="blue" title={<span className="break">{lookup.title || 'Untitled session'}</span>} data-testid="found">
      <Text size="sm" className="break">
        with {lookup.teacher_name}
        {lookup.scheduled_start && `, ${formatDateTime(lookup.scheduled_start)}`}
      </Text>
      {shut && (
        <Text size="sm">
          This session is for people with an account.{' '}
          <Anchor component={Link} to={`/signin?next=/join/${code}`} underline="always" data-testid="sign-in-first">
            Sign in first
          </Anchor>
          .
        </Text>
      )}
    </Alert>
  );
}
