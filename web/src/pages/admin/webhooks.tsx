/* Where this server tells of what happens. */
import { Badge, Button, Card, Group, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { ADMIN_PAGE, useAdminChange } from '../../api/admin';
import type { Model } from '../../api/types';
import { changeWebhook, createWebhook, deleteWebhook, rotateWebhook, testWebhook, useWebhooks, type Webhook } from '../../api/webhooks';
import { FormDialog, useDraft } from '../../ui/form';
import { PlusIcon } from '../../ui/icons';
import { complain, Confirm, Empty } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { Foot, Head } from './head';
import { ListFrame, PlainList } from './list-frame';
import { ShownOnce } from './once';
import { WebhookLog } from './webhook-log';
import { EVENT_WORDS, STATE_WORDS, trouble, webhookBody, type WebhookDraft } from './webhook-words';

type Created = Model<'webhook_created'>;

export function WebhooksPage() {
  const [page, setPage] = useState(0);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Created | null>(null);
  const list = useWebhooks(page);
  const show = (webhook: Created) => {
    setMaking(false);
    setMade(webhook);
  };
  return (
    <Stack>
      <Head title="Webhooks">
        <Button leftSection={<PlusIcon size={16} aria-hidden />} onClick={() => setMaking(true)} data-testid="new-webhook">
          New endpoint
        </Button>
      </Head>
      <Text c="dimmed">Another server is told of what happens here, by a signed request for each event. What it does not take is sent again for 75 hours.</Text>
      <ListFrame list={list} what="the endpoints" nothing={list.data?.count === 0}
        empty={<Empty title="No endpoints yet">Nobody is told. That is fine as long as no other program wants to know.</Empty>}>
        <PlainList>
          {list.data?.results.map((webhook) => <Row key={webhook.id} webhook={webhook} onSecret={setMade} />)}
        </PlainList>
      </ListFrame>
      <Foot count={list.data?.count ?? 0} size={ADMIN_PAGE} page={page} what="endpoints" onPage={setPage} />
      {making && <WebhookForm onMade={show} onClose={() => setMaking(false)} />}
      {made && (
        <ShownOnce
          title={`The endpoint ${made.url}`}
          warning="Copy the secret now and put it where that server keeps its secrets: it checks with it that a message is from here. If it is lost, make another one."
          secrets={[{ label: 'Secret', value: made.secret, testid: 'webhook-secret' }]}
          onClose={() => setMade(null)}
        />
      )}
    </Stack>
  );
}

function Row({ webhook, onSecret }: { webhook: Webhook; onSecret(made: Created): void }) {
  const [open, setOpen] = useState(false);
  const { word, color } = STATE_WORDS[webhook.state];
  const wrong = trouble(webhook, Date.now());
  return (
    <Card withBorder component="li" padding="sm" data-testid={`webhook-${webhook.id}`}>
      <Group gap="xs">
        <Text fw={600} className="break">
          {webhook.description || webhook.url}
        </Text>
        <Badge color={color} variant="light">
          {word}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed" className="break">
        {webhook.description && `${webhook.url} · `}
        {webhook.event_types?.length ? webhook.event_types.join(', ') : 'every event'}
        {webhook.session_id && ` of session ${webhook.session_id}`}
        {webhook.last_success_at && ` · last taken ${formatDateTime(webhook.last_success_at)}`}
      </Text>
      {wrong && (
        <Text size="sm" className="break" data-testid={`webhook-trouble-${webhook.id}`}>
          {wrong}
        </Text>
      )}
      <Group gap={4} mt={4}>
        <Button size="compact-sm" variant="light" onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`Log of ${webhook.url}`} data-testid={`webhook-log-${webhook.id}`}>
          {open ? 'Hide the log' : 'Log'}
        </Button>
        <Actions webhook={webhook} onSecret={onSecret} />
      </Group>
      {open && <WebhookLog webhook={webhook} />}
    </Card>
  );
}

function tellTest({ delivered, status, error, duration_ms }: Model<'webhook_tested'>): void {
  const message = delivered ? `The test was taken: HTTP ${status} after ${duration_ms} ms` : `The test was not taken: ${error ?? 'no answer'}, after ${duration_ms} ms`;
  notifications.show({ color: delivered ? 'green' : 'red', message });
}

function Actions({ webhook, onSecret }: { webhook: Webhook; onSecret(made: Created): void }) {
  const [asking, setAsking] = useState(false);
  const testing = useAdminChange(() => testWebhook(webhook.id));
  const changing = useAdminChange(() => changeWebhook(webhook.id, { state: webhook.state === 'active' ? 'paused' : 'active' }));
  const rotating = useAdminChange(() => rotateWebhook(webhook.id));
  const deleting = useAdminChange(() => deleteWebhook(webhook.id));
  const active = webhook.state === 'active';
  return (
    <>
      <Button size="compact-sm" variant="light" loading={testing.isPending} aria-label={`Test ${webhook.url}`} data-testid={`webhook-test-${webhook.id}`}
        onClick={() => testing.mutate(undefined, { onSuccess: tellTest, onError: complain })}>
        Test
      </Button>
      <Button size="compact-sm" variant="light" loading={changing.isPending} aria-label={`${active ? 'Pause' : 'Resume'} ${webhook.url}`} data-testid={`webhook-state-${webhook.id}`}
        onClick={() => changing.mutate(undefined, { onError: complain })}>
        {active ? 'Pause' : 'Resume'}
      </Button>
      <Button size="compact-sm" variant="subtle" loading={rotating.isPending} aria-label={`New secret for ${webhook.url}`}
        onClick={() => rotating.mutate(undefined, { onSuccess: onSecret, onError: complain })}>
        New secret
      </Button>
      <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)} aria-label={`Delete ${webhook.url}`} data-testid={`webhook-delete-${webhook.id}`}>
        Delete
      </Button>
      <Confirm opened={asking} title="Delete this endpoint?" confirm="Delete" busy={deleting.isPending} onClose={() => setAsking(false)}
        onConfirm={() => deleting.mutate(undefined, { onError: complain, onSettled: () => setAsking(false) })}>
        {webhook.url} is told nothing any more, and its log goes. This cannot be undone.
      </Confirm>
    </>
  );
}

const BLANK: WebhookDraft = { url: '', description: '', event_types: [] };

function WebhookForm({ onMade, onClose }: { onMade(made: Created): void; onClose(): void }) {
  const { draft, change } = useDraft<WebhookDraft>(() => (BLANK));
  const saving = useAdminChange(() => createWebhook(webhookBody(draft)));
  return (
    <FormDialog title="New endpoint" save="Make the endpoint" saving={saving} onClose={onClose}
      onSave={() => saving.mutate(undefined, { onSuccess: onMade })}>
      <TextInput label="URL" required type="url" maxLength={2000} data-autofocus placeholder="https://example.org/hook" value={draft.url}
        onChange={(event) => change({ url: event.target.value })} data-testid="url" />
      <TextInput label="What is it for?" maxLength={500} placeholder="Our website" value={draft.description}
        onChange={(event) => change({ description: event.target.value })} data-testid="description" />
      <TagsInput label="Which events?" description="None chosen: all of them. A star stands for the rest of a word." data={EVENT_WORDS} value={draft.event_types}
        onChange={(event_types) => change({ event_types })} data-testid="event-types" />
    </FormDialog>
  );
}
