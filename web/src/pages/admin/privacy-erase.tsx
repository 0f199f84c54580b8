/* The question before a person is erased: what goes, what stays, which recordings, and that it is them. */
import { Alert, List, PasswordInput, Radio, SimpleGrid, Stack, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { eraseAccount, eraseGuest, useErase, type Erasure, type Kept, type Media, type Who } from '../../api/privacy';
import { useMe } from '../../api/queries';
import { FormDialog, useDraft } from '../../ui/form';
import { WarnIcon } from '../../ui/icons';
import { count, goes, isConfirmed, mediaWords, refusalWords, stays } from './privacy-words';

interface Props {
  who: Who;
  kept: Kept;
  onClose(): void;
}

interface Answers {
  media: Media;
  typed: string;
  password: string;
}

const erase = (who: Who, kept: Kept, { media, typed, password }: Answers): Promise<Erasure> =>
  'account' in who
    ? eraseAccount(who.account, { media, confirm: typed.trim(), password: password || null })
    : eraseGuest({ guest: who.guest, seats: kept.seats_total, media });

/** It goes by what was kept when it was opened: what has come since then nobody has read, and the server refuses. */
export function EraseDialog({ who, kept: now, onClose }: Props) {
  const [kept] = useState(now);
  const { data: me } = useMe();
  const navigate = useNavigate();
  const { draft, change } = useDraft<Answers>(() => ({ media: 'own', typed: '', password: '' }));
  const erasing = useErase(() => erase(who, kept, draft));
  const account = 'account' in who;
  const own = account && who.account === me?.id;
  const wanted = account ? kept.known_by : kept.name;
  const follow = ({ user_id }: Erasure) => {
    onClose();
    void navigate(`/admin/privacy/account/${user_id}`, { replace: true });
  };
  return (
    <FormDialog title={`Erase ${kept.name}?`} save="Erase for good" color="red" failed="They were not erased" onClose={onClose}
      saving={{ isPending: erasing.isPending, error: erasing.error && new Error(refusalWords(erasing.error, who)) }}
      blocked={!isConfirmed(draft.typed, wanted) || (own && !draft.password)} onSave={() => erasing.mutate(undefined, { onSuccess: follow })}>
      {kept.recordings_total > 0 && <MediaChoice kept={kept} media={draft.media} onChange={(media) => change({ media })} />}
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Words title="This goes" testid="goes" words={goes(kept, draft.media, account)} />
        <Words title="This stays" testid="stays" words={stays(kept, draft.media)} />
      </SimpleGrid>
      {kept.recordings_held > 0 && (
        <Alert color="blue" icon={<WarnIcon size={18} aria-hidden />}>
          An administrator keeps {count(kept.recordings_held, 'recording')} of theirs: the erasure waits until {kept.recordings_held === 1 ? 'it is' : 'they are'} let go.
        </Alert>
      )}
      {own && <PasswordInput label="This is your own account: your password" required autoComplete="current-password" value={draft.password} onChange={(event) => change({ password: event.target.value })} data-testid="own-password" />}
      <TextInput label={`Type ${wanted} to confirm`} required autoComplete="off" value={draft.typed} onChange={(event) => change({ typed: event.target.value })} data-testid="confirm-person" />
    </FormDialog>
  );
}

function MediaChoice({ kept, media, onChange }: { kept: Kept; media: Media; onChange(media: Media): void }) {
  return (
    <Radio.Group label="Which recordings go?" value={media} onChange={(value) => onChange(value as Media)}>
      <Stack gap="xs" mt={4}>
        <Radio value="own" label="What is theirs alone" description={mediaWords(kept, 'own')} data-testid="media-own" />
        <Radio value="all" label="Every recording they are in" description={mediaWords(kept, 'all')} data-testid="media-all" />
      </Stack>
    </Radio.Group>
  );
}

function Words({ title, testid, words }: { title: string; testid: string; words: string[] }) {
  return (
    <section aria-label={title} data-testid={testid}>
      <Title order={3} size="h5">
        {title}
      </Title>
      <List size="sm" spacing={4}>
        {words.map((line) => (
          <List.Item key={line}>{line}</List.Item>
        ))}
      </List>
    </section>
  );
}
