/* How far the forgetting of a person is. */
import { Alert, Anchor, Badge, Group, Loader, Stack, Text } from '@mantine/core';
import { Link } from 'react-router-dom';
import type { Erasure } from '../../api/privacy';
import { CheckIcon, WarnIcon } from '../../ui/icons';
import { formatDateTime } from '../../ui/words';
import { Part } from './part';
import { doneWords, stagesOf, STATUS, waitWords, type Stage } from './privacy-words';

export function Progress({ erasure }: { erasure: Erasure }) {
  const { word, color } = STATUS[erasure.status];
  return (
    <Part title="Erasure" side={<Badge color={color} variant="light" data-testid="erasure-status">{word}</Badge>}>
      <Stack gap="sm">
        <Text size="sm" role="status">
          {erasure.finished_at
            ? `Nothing here says who they were, since ${formatDateTime(erasure.finished_at)}. What is kept is kept as “${erasure.pseudonym}”.`
            : `Asked for ${formatDateTime(erasure.requested_at)}. It goes on by itself, also when you leave this page; what is kept will be kept as “${erasure.pseudonym}”.`}
        </Text>
        {erasure.error && <WaitsFor error={erasure.error} />}
        <Stack component="ol" gap={6} className="plain-list" fz="sm">
          {stagesOf(erasure).map((stage) => (
            <StageLine key={stage.stage} stage={stage} />
          ))}
        </Stack>
        <Text size="sm" c="dimmed">
          {doneWords(erasure)}
        </Text>
      </Stack>
    </Part>
  );
}

function WaitsFor({ error }: { error: string }) {
  const { words, recording } = waitWords(error);
  return (
    <Alert color="blue" title="It waits" icon={<WarnIcon size={18} aria-hidden />} data-testid="erasure-waits">
      {words}{' '}
      {recording && (
        <Anchor component={Link} to={`/recordings/${recording}`} size="sm" underline="always">
          Recording {recording}
        </Anchor>
      )}
    </Alert>
  );
}

const AT: Record<Stage['at'], string> = { done: 'Done', now: 'Now', later: 'To come' };

function StageLine({ stage: { stage, words, at } }: { stage: Stage }) {
  return (
    <Group component="li" gap="xs" wrap="nowrap" align="flex-start" c={at === 'later' ? 'dimmed' : undefined} data-testid={`stage-${stage}`} data-at={at}>
      <span className="stage-mark" aria-hidden>
        {at === 'done' ? <CheckIcon size={16} /> : at === 'now' ? <Loader size={14} /> : null}
      </span>
      <span>
        <span className="sr-only">{AT[at]}: </span>
        {words}
      </span>
    </Group>
  );
}
