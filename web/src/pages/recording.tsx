import { Alert, Anchor, Button, Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router-dom';
import { ApiError } from '../api/client';
import { deleteRecording, retryRecording, useIsMine, useRecording, useRecordingChange } from '../api/queries';
import type { Recording, RecordingFile } from '../api/types';
import { DownloadIcon } from '../ui/icons';
import { Confirm, Empty, Problem, usePageTitle, Waiting } from '../ui/parts';
import { formatDateTime, formatDuration, formatSize } from '../ui/words';
import { Copies, Keeping } from './recording-care';

export function RecordingPage() {
  usePageTitle('Recording');
  const { id = '' } = useParams();
  const { data: recording, error, isPending, refetch } = useRecording(id);
  const mine = useIsMine(recording && String(recording.session_id));
  if (isPending) return <Waiting what="Loading the recording" />;
  if (error instanceof ApiError && error.status === 410) return <Gone words={error.message} />;
  if (!recording) return <NotShown error={error} retry={() => void refetch()} />;
  return (
    <Stack>
      <div>
        <Anchor component={Link} to={`/my/${recording.session_id}/recordings`} size="sm">
          ← All recordings of this session
        </Anchor>
        <Title order={1} size="h2">
          Recording
        </Title>
        <Text c="dimmed">
          {formatDateTime(recording.started_at)}
          {recording.duration_ms != null && ` · ${formatDuration(recording.duration_ms / 1000)}`}
        </Text>
      </div>
      <Keeping recording={recording} name="this recording" />
      <State recording={recording} mine={mine} />
      {recording.status === 'ready' && <Players files={recording.files} />}
      {recording.files.length > 0 && <Files files={recording.files} />}
      {mine && <Copies recording={recording} name="this recording" />}
      {mine && <Removal recording={recording} />}
    </Stack>
  );
}

function NotShown({ error, retry }: { error: unknown; retry(): void }) {
  return (
    <Stack>
      <div>
        <Anchor component={Link} to="/" size="sm">
          ← My sessions
        </Anchor>
        <Title order={1} size="h2">
          Recording
        </Title>
      </div>
      <Problem error={error} retry={retry} />
    </Stack>
  );
}

/** The server's words have the day and the reason. */
function Gone({ words }: { words: string }) {
  return (
    <div data-testid="gone">
      <Empty title="This recording was deleted" order={1}>
        {words}.{' '}
        <Anchor component={Link} to="/" underline="always">
          Go to your sessions
        </Anchor>
        .
      </Empty>
    </div>
  );
}

function State({ recording, mine }: { recording: Recording; mine: boolean }) {
  const retry = useRecordingChange(() => retryRecording(recording.id));
  switch (recording.status) {
    case 'recording':
    case 'paused':
      return (
        <Alert color={recording.status === 'paused' ? 'yellow' : 'red'} title={recording.status === 'paused' ? 'Paused' : 'Still running'}>
          The files are made when the host stops the recording or the session ends.
        </Alert>
      );
    case 'processing':
      return (
        <div role="status">
          <Text size="sm" mb={4}>
            The files are being made: {recording.progress}%. This page shows them when they are ready.
          </Text>
          <Progress value={recording.progress} animated size="lg" aria-label="Making the files" data-testid="progress" />
        </div>
      );
    case 'failed':
      return (
        <Stack gap="xs">
          <Problem
            title="The files could not be made"
            error={`${recording.error ?? 'The reason is not known'}. What was recorded is kept.`}
            retry={mine ? () => retry.mutate(undefined) : undefined}
          />
          {retry.error && <Problem error={retry.error} />}
        </Stack>
      );
    default:
      return recording.error ? <Alert color="yellow" title="Ready, but not whole">{recording.error}</Alert> : null;
  }
}

function Players({ files }: { files: RecordingFile[] }) {
  const video = files.find((file) => file.kind === 'video');
  const audio = files.find((file) => file.kind === 'audio') ?? files.find((file) => file.kind === 'opus');
  return (
    <>
      {video && (
        <video
          src={here(video.url)}
          controls
          playsInline
          preload="metadata"
          aria-label="The session as video"
          data-testid="video"
          style={{ width: '100%', maxHeight: '70vh', background: '#000', borderRadius: 8 }}
        />
      )}
      {audio && (
        <div>
          <Text size="sm" fw={600} mb={4}>
            Sound only
          </Text>
          <audio src={here(audio.url)} controls preload="metadata" aria-label="The session as sound" data-testid="audio" style={{ width: '100%' }} />
        </div>
      )}
    </>
  );
}

const KIND_WORDS: Record<RecordingFile['kind'], string> = {
  video: 'Video with everybody',
  audio: 'Sound of everybody (mp3)',
  opus: 'Sound of everybody (opus)',
  track: 'One source of one person',
};

/** Links name the server by its public address; this page may have been opened by another one (127.0.0.1, a tunnel). */
function here(url: string): string {
  const { pathname, search } = new URL(url, window.location.href);
  return pathname.startsWith('/api/') ? pathname + search : url;
}

export const downloadUrl = (url: string) => `${here(url)}${url.includes('?') ? '&' : '?'}download=true`;

function Files({ files }: { files: RecordingFile[] }) {
  return (
    <div>
      <Title order={2} size="h4" mb="xs">
        Files
      </Title>
      <Table.ScrollContainer minWidth={300}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>File</Table.Th>
              <Table.Th visibleFrom="xs">Length</Table.Th>
              <Table.Th>Size</Table.Th>
              <Table.Th>
                <span className="sr-only">Download</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {files.map((file) => (
              <FileRow key={file.id} file={file} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function FileRow({ file }: { file: RecordingFile }) {
  return (
    <Table.Tr data-testid={`file-${file.id}`}>
      <Table.Td>
        <Text size="sm" className="break">
          {file.name}
        </Text>
        <Text size="xs" c="dimmed">
          {KIND_WORDS[file.kind]}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="xs">{formatDuration(file.duration_ms / 1000)}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{formatSize(file.size_bytes)}</Table.Td>
      <Table.Td>
        <Button
          component="a"
          href={downloadUrl(file.url)}
          download={file.name}
          size="xs"
          variant="light"
          aria-label={`Download ${file.name}`}
          leftSection={<DownloadIcon size={14} aria-hidden />}
        >
          Download
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function Removal({ recording }: { recording: Recording }) {
  const [asking, setAsking] = useState(false);
  const navigate = useNavigate();
  const removal = useRecordingChange(() => deleteRecording(recording.id));
  if ((recording.status !== 'ready' && recording.status !== 'failed') || recording.kept) return null;
  const remove = () =>
    removal.mutate(undefined, { onSuccess: () => navigate(`/my/${recording.session_id}/recordings`) });
  return (
    <Group>
      <Button variant="subtle" color="red" onClick={() => setAsking(true)}>
        Delete this recording
      </Button>
      {removal.error && <Problem error={removal.error} />}
      <Confirm
        opened={asking}
        title="Delete this recording?"
        confirm="Delete"
        busy={removal.isPending}
        onConfirm={remove}
        onClose={() => setAsking(false)}
      >
        All its files are deleted. This cannot be undone.
      </Confirm>
    </Group>
  );
}
