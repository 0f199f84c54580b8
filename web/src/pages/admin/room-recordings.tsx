/* Recordings of a room: watch, fetch, make anew, delete. */
import { Badge, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router-dom';
import { deleteRecording, retryRecording, useRecordingChange, useRecordings } from '../../api/queries';
import type { Recording, Room } from '../../api/types';
import { complain, Confirm, Problem, Waiting } from '../../ui/parts';
import { formatDateTime, formatDuration, formatSize } from '../../ui/words';
import { downloadUrl } from '../recording';
import { Copies, Keeping } from '../recording-care';
import { isStuck } from '../recording-words';
import { RECORDING_WORDS } from '../recordings';
import { Part } from './part';

export function RoomRecordings({ room }: { room: Room }) {
  const list = useRecordings(String(room.id), room.is_recording);
  return (
    <Part title="Recordings">
      {list.isPending && <Waiting what="Loading the recordings" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.recordings.length === 0 && <Text size="sm">Nothing was recorded.</Text>}
      <Stack component="ul" gap="sm" className="plain-list">
        {list.data?.recordings.map((recording, i) => <Row key={recording.id} recording={recording} name={`Recording ${i + 1}`} />)}
      </Stack>
    </Part>
  );
}

function facts({ started_at, duration_ms, files }: Recording): string {
  const size = files.reduce((sum, file) => sum + file.size_bytes, 0);
  return [formatDateTime(started_at), duration_ms != null && formatDuration(duration_ms / 1000), size > 0 && formatSize(size)].filter(Boolean).join(' · ');
}

function Row({ recording, name }: { recording: Recording; name: string }) {
  const { word, color } = RECORDING_WORDS[recording.status];
  const settled = recording.status === 'ready' || recording.status === 'failed';
  return (
    <li data-testid={`recording-${recording.id}`}>
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Badge color={color} variant="light" size="sm">
          {word}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed">
        {facts(recording)}
      </Text>
      {recording.error && <Text size="sm">{recording.error}</Text>}
      {recording.status === 'processing' && <Progress my={4} value={recording.progress} animated aria-label={`${name} is being prepared`} />}
      <Group gap={4} mt={4}>
        <Button size="compact-sm" variant="light" component={Link} to={`/recordings/${recording.id}`} aria-label={`Details of ${name}`}>
          {recording.status === 'ready' ? 'Watch' : 'Details'}
        </Button>
        {recording.status === 'ready' && <Download recording={recording} name={name} />}
        {recording.status === 'failed' && <Retry recording={recording} name={name} />}
        {settled && !recording.kept && <Delete recording={recording} name={name} />}
      </Group>
      <Keeping recording={recording} name={name} />
      {recording.copies.some(isStuck) && <Copies recording={recording} name={name} />}
    </li>
  );
}

interface ActionProps {
  recording: Recording;
  name: string;
}

function Download({ recording, name }: ActionProps) {
  const file = recording.files.find(({ kind }) => kind === 'video') ?? recording.files[0];
  if (!file) return null;
  return (
    <Button size="compact-sm" variant="default" component="a" href={downloadUrl(file.url)} download={file.name} aria-label={`Download ${name}`}>
      Download
    </Button>
  );
}

function Retry({ recording, name }: ActionProps) {
  const retry = useRecordingChange(() => retryRecording(recording.id));
  return (
    <Button
      size="compact-sm"
      variant="default"
      loading={retry.isPending}
      onClick={() => retry.mutate(undefined, { onError: complain })}
      aria-label={`Make the files of ${name} again`}
      data-testid={`retry-${recording.id}`}
    >
      Try again
    </Button>
  );
}

function Delete({ recording, name }: ActionProps) {
  const [asking, setAsking] = useState(false);
  const removal = useRecordingChange(() => deleteRecording(recording.id));
  const close = () => setAsking(false);
  return (
    <>
      <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)} aria-label={`Delete ${name}`} data-testid={`delete-${recording.id}`}>
        Delete
      </Button>
      <Confirm
        opened={asking}
        title={`Delete ${name.toLowerCase()}?`}
        confirm="Delete"
        busy={removal.isPending}
        onConfirm={() => removal.mutate(undefined, { onError: complain, onSettled: close })}
        onClose={close}
      >
        All its files are deleted. This cannot be undone.
      </Confirm>
    </>
  );
}
