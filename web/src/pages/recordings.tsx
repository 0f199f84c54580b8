import { Anchor, Badge, Button, Card, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { Link, useParams } from 'react-router-dom';
import { useGoneRecordings, useIsMine, useRecordings, useSession } from '../api/queries';
import type { Recording } from '../api/types';
import { Empty, Problem, usePageTitle, Waiting } from '../ui/parts';
import { formatDateTime, formatDuration } from '../ui/words';
import { Keeping, Tombstone } from './recording-care';

export const RECORDING_WORDS: Record<Recording['status'], { word: string; color: string }> = {
  recording: { word: 'Running', color: 'red' },
  paused: { word: 'Paused', color: 'yellow' },
  processing: { word: 'Being prepared', color: 'blue' },
  ready: { word: 'Ready', color: 'green' },
  failed: { word: 'Failed', color: 'red' },
};

export function SessionTitle({ id, what }: { id: string; what: string }) {
  const { data: session } = useSession(id);
  usePageTitle(session ? `${what}: ${session.title}` : what);
  return (
    <div>
      <Anchor component={Link} to="/" size="sm">
        ← My sessions
      </Anchor>
      <Title order={1} size="h2" className="break">
        {what}
      </Title>
      <Text c="dimmed" className="break">
        {session?.title}
      </Text>
    </div>
  );
}

export function RecordingsPage() {
  const { id = '' } = useParams();
  const list = useRecordings(id);
  const gone = useGoneRecordings(id).data?.recordings ?? [];
  const mine = useIsMine(id);
  return (
    <Stack>
      <SessionTitle id={id} what="Recordings" />
      {list.isPending && <Waiting what="Loading the recordings" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.recordings.length === 0 && gone.length === 0 && (
        <Empty title="Nothing was recorded">
          {mine
            ? 'In the call, you start a recording with “Record”; it appears here as soon as it runs. A session can also record from its start: see “Edit”.'
            : 'When the host records the session, the recording appears here.'}
        </Empty>
      )}
      {list.data?.recordings.map((recording, i) => <RecordingRow key={recording.id} recording={recording} number={i + 1} />)}
      {gone.length > 0 && <Gone recordings={gone} mine={mine} />}
    </Stack>
  );
}

function Gone({ recordings, mine }: { recordings: Recording[]; mine: boolean }) {
  return (
    <Stack component="section" aria-label="Deleted recordings" gap="xs">
      <Title order={2} size="h4">
        Deleted
      </Title>
      {recordings.map((recording) => (
        <Card key={recording.id} withBorder>
          <Tombstone recording={recording} name="Deleted recording" mine={mine} />
        </Card>
      ))}
    </Stack>
  );
}

function RecordingRow({ recording, number }: { recording: Recording; number: number }) {
  const { word, color } = RECORDING_WORDS[recording.status];
  return (
    <Card withBorder data-testid={`recording-${recording.id}`}>
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Text fw={600}>Recording {number}</Text>
            <Badge color={color} variant="light">
              {word}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {formatDateTime(recording.started_at)}
            {recording.duration_ms != null && ` · ${formatDuration(recording.duration_ms / 1000)}`}
          </Text>
        </div>
        <Button variant="light" component={Link} to={`/recordings/${recording.id}`}>
          {recording.status === 'ready' ? 'Watch' : 'Details'}
        </Button>
      </Group>
      <Keeping recording={recording} name={`Recording ${number}`} />
      {recording.status === 'processing' && (
        <Progress mt="sm" value={recording.progress} animated aria-label={`Recording ${number} is being prepared`} />
      )}
    </Card>
  );
}
