import { Alert, Anchor, Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { Link, Navigate, useSearchParams } from 'react-router-dom';
import { logIn, register, useInfo } from '../api/queries';
import { hasExpired, signIn, useToken } from '../api/token';
import { Problem, usePageTitle } from '../ui/parts';

/** Where to go once signed in; never to another site. */
function useNext(): string {
  const next = useSearchParams()[0].get('next') ?? '/';
  return /^\/(?!\/)/.test(next) ? next : '/';
}

async function enter(email: string, password: string): Promise<void> {
  signIn((await logIn(email, password)).access_token);
}

function Frame({ title, children }: { title: string; children: ReactNode }) {
  usePageTitle(title);
  const next = useNext();
  if (useToken()) return <Navigate to={next} replace />;
  return (
    <Center mt={{ base: 'sm', sm: 'xl' }}>
      <Card withBorder padding="lg" w="100%" maw={400}>
        <Title order={1} size="h3" mb="md">
          {title}
        </Title>
        {children}
      </Card>
    </Center>
  );
}

interface CredentialsProps {
  email: string;
  password: string;
  setEmail(value: string): void;
  setPassword(value: string): void;
  isNew?: boolean;
}

function Credentials({ email, password, setEmail, setPassword, isNew = false }: CredentialsProps) {
  return (
    <>
      <TextInput
        label="Email"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        data-testid="email"
      />
      <PasswordInput
        label="Password"
        description={isNew ? '8 to 72 characters' : undefined}
        minLength={isNew ? 8 : undefined}
        maxLength={isNew ? 72 : undefined}
        autoComplete={isNew ? 'new-password' : 'current-password'}
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        data-testid="password"
      />
    </>
  );
}

export function SignInPage() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { data: info } = useInfo();
  const { search } = window.location;
  const entering = useMutation({ mutationFn: () => enter(email, password) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate();
  };
  return (
    <Frame title="Sign in">
      <form onSubmit={submit}>
        <Stack>
          {hasExpired() && (
            <Alert color="blue" role="status" data-testid="expired">
              Your sign-in is not valid any more. Sign in again to go on.
            </Alert>
          )}
          <Credentials {...{ email, password, setEmail, setPassword }} />
          {entering.error && <Problem title="Could not sign in" error={entering.error} />}
          <Button type="submit" loading={entering.isPending} data-testid="submit">
            Sign in
          </Button>
          <Text size="sm" c="dimmed">
            {info?.registration !== false && (
              <>
                No account?{' '}
                <Anchor component={Link} to={`/register${search}`} underline="always">
                  Make one
                </Anchor>
                .{' '}
              </>
            )}
            Only have a code?{' '}
            <Anchor component={Link} to="/join" underline="always">
              Join a session
            </Anchor>
            .
          </Text>
        </Stack>
      </form>
    </Frame>
  );
}

export function RegisterPage() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [name, setName] = useState('');
  const { data: info } = useInfo();
  const entering = useMutation({
    mutationFn: async () => {
      await register({ email, password, full_name: name.trim() || null });
      await enter(email, password);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate();
  };
  if (info?.registration === false)
    return (
      <Frame title="Make an account">
        <Text>Accounts on this server are made by its administrator. Ask them for one.</Text>
      </Frame>
    );
  return (
    <Frame title="Make an account">
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Your name"
            description="Shown to the others in a session"
            autoComplete="name"
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.target.value)}
            data-testid="name"
          />
          <Credentials {...{ email, password, setEmail, setPassword }} isNew />
          {entering.error && <Problem title="Could not make the account" error={entering.error} />}
          <Button type="submit" loading={entering.isPending} data-testid="submit">
            Make an account
          </Button>
          <Anchor component={Link} to="/signin" size="sm">
            I have an account
          </Anchor>
        </Stack>
      </form>
    </Frame>
  );
}
