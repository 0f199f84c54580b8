/* Until when a recording is kept and by whom, where its copies are, and what is left of one that was deleted. */
import { Badge, Button, Group, List, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { keepRecording, retryRecording, useMe, useRecordingChange } from '../api/queries';
import type { Recording } from '../api/types';
import { FormDialog } from '../ui/form';
import { complain } from '../ui/parts';
import { formatDateTime, formatSize } from '../ui/words';
import { copyWords, goneWords, isStuck, keepingWords, sinkName, type Copy } from './recording-words';

interface Props {
  recording: Recording;
  name: string;
}

/** `name` tells the buttons of several recordings apart. */
export function Keeping({ recording, name }: Props) {
  const { data: me } = useMe();
  const words = keepingWords(recording);
  const settled = recording.status === 'ready' || recording.status === 'failed';
  if (!words && !(me?.is_superuser && settled)) return null;
  return (
    <Group gap="xs" data-testid={`keeping-${recording.id}`}>
      {words && (
        <Text size="sm" className="break">
          {words}
        </Text>
      )}
      {me?.is_superuser && (recording.kept ? <LetGo recording={recording} name={name} /> : settled && <Keep recording={recording} name={name} />)}
    </Group>
  );
}

function Keep({ recording, name }: Props) {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const keeping = useRecordingChange(() => keepRecording(recording.id, true, reason.trim() || null));
  const close = () => setAsking(false);
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setAsking(true)} aria-label={`Keep ${name}`} data-testid={`keep-${recording.id}`}>
        Keep
      </Button>
      {asking && (
        <FormDialog title={`Keep ${name.toLowerCase()}?`} save="Keep" saving={keeping} onClose={close} onSave={() => keeping.mutate(undefined, { onSuccess: close })}>
          <Text size="sm">Nobody and no rule deletes it until an administrator lets it go again. Its teacher sees that it is kept, and why.</Text>
          <TextInput label="Why?" maxLength={500} placeholder="Claim 4711" data-autofocus value={reason} onChange={(event) => setReason(event.target.value)} data-testid="keep-reason" />
        </FormDialog>
      )}
    </>
  );
}

function LetGo({ recording, name }: Props) {
  const letting = useRecordingChange(() => keepRecording(recording.id, false, null));
  return (
    <Button size="compact-sm" variant="default" loading={letting.isPending} aria-label={`Let ${name} go`} data-testid={`let-go-${recording.id}`}
      onClick={() => letting.mutate(undefined, { onError: complain })}>
      Let go
    </Button>
  );
}

/** The copies at other places, and what those said that did not take or delete theirs. */
export function Copies({ recording, name }: Props) {
  const retry = useRecordingChange(() => retryRecording(recording.id));
  if (recording.copies.length === 0) return null;
  const stuck = recording.copies.some(isStuck);
  return (
    <Stack gap="xs" data-testid={`copies-${recording.id}`}>
      <Title order={2} size="h4">
        Copies elsewhere
      </Title>
      <List size="sm" spacing="sm" listStyleType="none" p={0}>
        {recording.copies.map((copy) => (
          <List.Item key={`${copy.sink} ${copy.key}`}>
            <CopyLine copy={copy} recording={recording} />
          </List.Item>
        ))}
      </List>
      {stuck && (
        <div>
          <Button size="compact-sm" variant="light" loading={retry.isPending} aria-label={`Try the copies of ${name} again now`} data-testid={`retry-copies-${recording.id}`}
            onClick={() => retry.mutate(undefined, { onError: complain })}>
            Try again now
          </Button>
        </div>
      )}
    </Stack>
  );
}

function CopyLine({ copy, recording }: { copy: Copy; recording: Recording }) {
  const { word, color } = copyWords(copy);
  const file = recording.files.find(({ id }) => id === copy.file_id);
  const under_way = copy.status === 'waiting' && copy.done_bytes > 0 && file;
  return (
    <>
      <Group gap="4px 8px">
        <Text size="sm" className="break">
          {sinkName(copy.sink)}
          {file && `: ${file.name}`}
        </Text>
        <Badge color={color} variant="light" size="sm">
          {word}
        </Badge>
        {under_way && (
          <Text size="sm" c="dimmed">
            {formatSize(copy.done_bytes)} of {formatSize(file.size_bytes)}
          </Text>
        )}
        {copy.stored_at && copy.status === 'stored' && (
          <Text size="sm" c="dimmed">
            since {formatDateTime(copy.stored_at)}
          </Text>
        )}
      </Group>
      {copy.error && (
        <Text size="sm" className="break" data-testid="copy-error">
          {copy.error}
        </Text>
      )}
    </>
  );
}

/** What is left of a recording that was deleted. */
export function Tombstone({ recording, name, mine }: Props & { mine: boolean }) {
  const size = recording.files.reduce((sum, file) => sum + file.size_bytes, 0);
  const left = recording.copies.some(({ status }) => status !== 'erased');
  return (
    <Stack gap={4} data-testid={`gone-${recording.id}`}>
      <Text fw={600}>{name}</Text>
      <Text size="sm" c="dimmed">
        {formatDateTime(recording.started_at)}
        {size > 0 && ` · ${formatSize(size)}`}
      </Text>
      <Text size="sm" className="break">
        {goneWords(recording)}
      </Text>
      {mine && left && <Copies recording={recording} name={name} />}
    </Stack>
  );
}
