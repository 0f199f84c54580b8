/* What Daily.co and LiveKit have told, and what of it could not be taken in. */
import { Badge, Button, Card, Code, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useAdminChange } from '../../api/admin';
import { replaySetAside, replayTold, useInbox, useTold, type Told, type ToldState } from '../../api/inbox';
import { complain, Empty, Problem, Waiting } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { Head } from './head';
import { ListFrame, PlainList } from './list-frame';
import { canReplay, providerName, titleOf, TOLD_WORDS } from './inbox-words';

const SHOWN = [
  { value: 'failed', label: 'Set aside' },
  { value: 'all', label: 'Everything' },
];

export function InboxPage() {
  const [shown, setShown] = useState('failed');
  const [before, setBefore] = useState<number | null>(null);
  const list = useInbox(shown === 'all' ? null : (shown as ToldState), before);
  const replaying = useAdminChange(replaySetAside);
  const look = (what: string) => {
    setShown(what);
    setBefore(null);
  };
  const { events = [], set_aside = 0, next } = list.data ?? {};
  return (
    <Stack>
      <Head title="Inbox">
        {set_aside > 0 && (
          <Button variant="light" loading={replaying.isPending} onClick={() => replaying.mutate(undefined, { onError: complain })} data-testid="replay-set-aside">
            Try all {set_aside} again
          </Button>
        )}
      </Head>
      <Text c="dimmed">
        Media providers tell this server what happens in their rooms. It is kept before it is answered. What cannot be taken in is set aside here with the reason; trying it again is safe.
      </Text>
      <SegmentedControl data={SHOWN} value={shown} onChange={look} aria-label="Which events" data-testid="inbox-filter" />
      <ListFrame list={list} what="the inbox" nothing={list.data !== undefined && events.length === 0} empty={<Nothing shown={shown} />}>
        <PlainList>
          {events.map((told) => <Row key={told.id} told={told} />)}
        </PlainList>
      </ListFrame>
      <Group>
        {before != null && (
          <Button variant="default" onClick={() => setBefore(null)}>
            Newest
          </Button>
        )}
        {next != null && (
          <Button variant="default" onClick={() => setBefore(next)} data-testid="inbox-older">
            Older
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Nothing({ shown }: { shown: string }) {
  return shown === 'all' ? (
    <Empty title="Nothing was told yet">Events of Daily.co and LiveKit appear here as they come in.</Empty>
  ) : (
    <Empty title="Nothing is set aside">Everything that providers have told could be taken in.</Empty>
  );
}

function Row({ told }: { told: Told }) {
  const [open, setOpen] = useState(false);
  const replaying = useAdminChange(() => replayTold(told.id));
  const { word, color } = TOLD_WORDS[told.state];
  const title = titleOf(told);
  return (
    <Card withBorder component="li" padding="sm" data-testid={`told-${told.id}`}>
      <Group gap="xs">
        <Text fw={600} className="break">
          {title}
        </Text>
        <Badge color={color} variant="light">
          {word}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed" className="break">
        {[providerName(told.provider), formatDateTime(told.received_at), told.room_name].filter(Boolean).join(' · ')}
      </Text>
      {told.error && (
        <Text size="sm" className="break" data-testid={`told-error-${told.id}`}>
          {told.error}
        </Text>
      )}
      <Group gap="xs" mt="xs">
        <Button size="compact-sm" variant="subtle" onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`Bytes of ${title}`}>
          {open ? 'Less' : 'What came'}
        </Button>
        {canReplay(told) && (
          <Button size="compact-sm" variant="subtle" loading={replaying.isPending} aria-label={`Try ${title} again`} data-testid={`replay-told-${told.id}`}
            onClick={() => replaying.mutate(undefined, { onError: complain })}>
            Try again
          </Button>
        )}
      </Group>
      {open && <Bytes id={told.id} />}
    </Card>
  );
}

function Bytes({ id }: { id: number }) {
  const told = useTold(id, true);
  if (!told.data) return told.error ? <Problem error={told.error} /> : <Waiting what="Loading" />;
  return (
    <Code block className="wrap" mt="xs">
      {told.data.body}
    </Code>
  );
}
