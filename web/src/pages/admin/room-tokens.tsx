/* Links into a room, for one person each: issue, see, revoke. */
import { Badge, Button, Checkbox, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ADMIN_PAGE, issueToken, revokeToken, useAdminChange, useTokens } from '../../api/admin';
import type { Model, Room, RoomToken } from '../../api/types';
import { PlusIcon } from '../../ui/icons';
import { complain, Confirm, Problem, Waiting } from '../../ui/parts';
import { formatDateTime } from '../../ui/words';
import { FormDialog } from './form';
import { Foot } from './head';
import { ShownOnce } from './once';
import { Part } from './part';
import { isOpen } from './room-parts';
import { LASTS, standingOf, tokenBody, type Standing, type TokenDraft } from './tokens';
import { choices, ROLES } from './words';

export function RoomTokens({ room }: { room: Room }) {
  const [page, setPage] = useState(0);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<RoomToken | null>(null);
  const list = useTokens(room.id, page);
  const show = (token: RoomToken) => {
    setMaking(false);
    setMade(token);
  };
  return (
    <Part
      title="Personal links"
      side={
        isOpen(room) && (
          <Button size="xs" variant="light" leftSection={<PlusIcon size={14} aria-hidden />} onClick={() => setMaking(true)} data-testid="new-token">
            New link
          </Button>
        )
      }
    >
      <Text size="sm" c="dimmed" mb="xs">
        Each lets one person in, without an account. Revoking one puts out whoever came in with it.
      </Text>
      {list.isPending && <Waiting what="Loading the links" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.count === 0 && <Text size="sm">No links yet.</Text>}
      <Stack component="ul" gap="sm" className="plain-list">
        {list.data?.results.map((token) => <TokenRow key={token.id} room={room} token={token} />)}
      </Stack>
      <Foot count={list.data?.count ?? 0} size={ADMIN_PAGE} page={page} what="links" onPage={setPage} />
      {making && <TokenForm room={room} onMade={show} onClose={() => setMaking(false)} />}
      {made && <Shown token={made} onClose={() => setMade(null)} />}
    </Part>
  );
}

const STANDINGS: Record<Standing, { word: string; color: string }> = {
  good: { word: 'Valid', color: 'green' },
  revoked: { word: 'Revoked', color: 'red' },
  expired: { word: 'Expired', color: 'gray' },
  used: { word: 'Used up', color: 'gray' },
};

function uses(token: RoomToken): string {
  const done = token.use_count === 0 ? 'not used yet' : token.use_count === 1 ? 'used once' : `used ${token.use_count} times`;
  return token.max_uses == null ? done : `${done} of ${token.max_uses}`;
}

function TokenRow({ room, token }: { room: Room; token: RoomToken }) {
  const standing = standingOf(token);
  const { word, color } = STANDINGS[standing];
  const until = standing === 'revoked' ? `since ${formatDateTime(token.revoked_at!)}` : `until ${formatDateTime(token.expires_at)}`;
  return (
    <li data-testid={`token-${token.id}`} data-standing={standing}>
      <Group justify="space-between" wrap="nowrap">
        <div>
          <Group gap="xs">
            <Text size="sm" fw={600} className="break">
              {token.name || token.identity}
            </Text>
            <Badge color={color} variant="light" size="sm">
              {word}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {ROLES[token.role].word} · {until} · {uses(token)}
          </Text>
        </div>
        {standing !== 'revoked' && standing !== 'expired' && <Revoke room={room} token={token} />}
      </Group>
    </li>
  );
}

function Revoke({ room, token }: { room: Room; token: RoomToken }) {
  const [asking, setAsking] = useState(false);
  const revoking = useAdminChange(() => revokeToken(room.id, token.id));
  const close = () => setAsking(false);
  const name = token.name || token.identity;
  return (
    <>
      <Button
        size="xs"
        variant="subtle"
        color="red"
        style={{ flexShrink: 0 }}
        onClick={() => setAsking(true)}
        aria-label={`Revoke the link of ${name}`}
        data-testid={`revoke-${token.id}`}
      >
        Revoke
      </Button>
      <Confirm
        opened={asking}
        title="Revoke this link?"
        confirm="Revoke"
        busy={revoking.isPending}
        onConfirm={() => revoking.mutate(undefined, { onError: complain, onSettled: close })}
        onClose={close}
      >
        The link of “{name}” lets nobody in any more, and who came in with it is put out at once. This cannot be undone.
      </Confirm>
    </>
  );
}

const BLANK: TokenDraft = { name: '', role: 'participant', ttl: '3600', once: false };

function TokenForm({ room, onMade, onClose }: { room: Room; onMade(token: RoomToken): void; onClose(): void }) {
  const [draft, setDraft] = useState(BLANK);
  const saving = useAdminChange(() => issueToken(room.id, tokenBody(draft)));
  const change = (part: Partial<TokenDraft>) => setDraft((was) => ({ ...was, ...part }));
  return (
    <FormDialog
      title="New link"
      save="Make the link"
      busy={saving.isPending}
      error={saving.error}
      onSave={() => saving.mutate(undefined, { onSuccess: onMade })}
      onClose={onClose}
    >
      <TextInput
        label="For whom"
        description="The name that the others see"
        required
        maxLength={200}
        data-autofocus
        placeholder="Grace Hopper"
        value={draft.name}
        onChange={(event) => change({ name: event.target.value })}
        data-testid="name"
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select
          label="Comes as"
          description={ROLES[draft.role].hint}
          allowDeselect={false}
          data={choices(ROLES)}
          value={draft.role}
          onChange={(value) => value && change({ role: value as Model<'room_role'> })}
          data-testid="role"
        />
        <Select
          label="Lets in for"
          description="Who is in by then may stay"
          allowDeselect={false}
          data={LASTS}
          value={draft.ttl}
          onChange={(value) => value && change({ ttl: value })}
          data-testid="ttl"
        />
      </SimpleGrid>
      <Checkbox
        label="Only once (coming back after a broken line is not another time)"
        checked={draft.once}
        onChange={(event) => change({ once: event.target.checked })}
        data-testid="once"
      />
    </FormDialog>
  );
}

function Shown({ token, onClose }: { token: RoomToken; onClose(): void }) {
  return (
    <ShownOnce
      title={`The link for ${token.name || token.identity}`}
      warning="Copy the link now and give it to this person only: roomd does not keep it. If it is lost, revoke it and make another."
      secrets={[
        { label: 'Link', value: token.join_url ?? '', testid: 'secret-link' },
        { label: 'Token, for programs', value: token.token ?? '', testid: 'secret-token' },
      ]}
      onClose={onClose}
    />
  );
}
