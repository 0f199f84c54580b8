/* What an endpoint was sent, newest first. */
import { Badge, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ADMIN_PAGE, useAdminChange } from '../../api/admin';
import { replayDelivery, useDeliveries, useDelivery, type Delivery, type Webhook } from '../../api/webhooks';
import { complain, Problem, Waiting } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { Foot } from './head';
import { ListFrame, PlainList } from './list-frame';
import { DELIVERY_WORDS, outcome } from './webhook-words';

export function WebhookLog({ webhook }: { webhook: Webhook }) {
  const [page, setPage] = useState(0);
  const list = useDeliveries(webhook.id, page);
  return (
    <Stack gap="xs" mt="sm" data-testid={`webhook-deliveries-${webhook.id}`}>
      <ListFrame list={list} what="the log" nothing={list.data?.total === 0} empty={<Text size="sm">Nothing was sent yet.</Text>}>
        <PlainList label={`Log of ${webhook.url}`}>
          {list.data?.deliveries.map((delivery) => <Row key={delivery.id} webhook={webhook} delivery={delivery} />)}
        </PlainList>
      </ListFrame>
      <Foot count={list.data?.total ?? 0} size={ADMIN_PAGE} page={page} what="messages" onPage={setPage} />
    </Stack>
  );
}

function Row({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const [open, setOpen] = useState(false);
  const replaying = useAdminChange(() => replayDelivery(webhook.id, delivery.id));
  const { word, color } = DELIVERY_WORDS[delivery.state];
  const name = `${delivery.event_type} ${delivery.message_id ?? delivery.id}`;
  return (
    <li data-testid={`delivery-${delivery.id}`}>
      <Group gap="xs">
        <Text size="sm" fw={600} className="break">
          {delivery.event_type}
        </Text>
        <Badge color={color} variant="light" size="sm">
          {word}
        </Badge>
        <Button size="compact-xs" variant="subtle" onClick={() => setOpen(!open)} aria-expanded={open} aria-label={`Details of ${name}`} data-testid={`delivery-details-${delivery.id}`}>
          {open ? 'Less' : 'Details'}
        </Button>
        {delivery.event_id != null && delivery.state !== 'waiting' && (
          <Button size="compact-xs" variant="subtle" loading={replaying.isPending} aria-label={`Send ${name} again`} data-testid={`replay-${delivery.id}`}
            onClick={() => replaying.mutate(undefined, { onError: complain })}>
            Send again
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" className="break">
        {[formatDateTime(delivery.last_at ?? delivery.created_at), outcome(delivery)].filter(Boolean).join(' · ')}
        {delivery.state === 'waiting' && delivery.due_at && ` · again ${formatDateTime(delivery.due_at)}`}
      </Text>
      {open && <Details webhook={webhook} delivery={delivery} />}
    </li>
  );
}

function Details({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const detail = useDelivery(webhook.id, delivery.id, true);
  if (!detail.data) return detail.error ? <Problem error={detail.error} /> : <Waiting what="Loading" />;
  const { body, answer, failed_attempts } = detail.data;
  return (
    <Stack gap="xs" my="xs">
      <Text size="sm">Sent:</Text>
      <Code block className="wrap">{body ?? 'not put into words yet'}</Code>
      {answer && <Text size="sm">Answered:</Text>}
      {answer && <Code block className="wrap">{answer}</Code>}
      {failed_attempts.length > 0 && <Text size="sm">Attempts that failed:</Text>}
      <ul className="plain-list">
        {failed_attempts.map((attempt, i) => (
          <Text key={i} component="li" size="sm" className="break">
            {formatDateTime(attempt.at)} · {attempt.error} · {attempt.duration_ms} ms
          </Text>
        ))}
      </ul>
    </Stack>
  );
}
