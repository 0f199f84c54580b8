/* One person: what is kept of them, a copy of it, forgetting them, and how far that is. */
import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router-dom';
import { fetchExport, useErasure, useKept, type Kept, type Who } from '../../api/privacy';
import { DownloadIcon } from '../../ui/icons';
import { Problem, Waiting } from '../../ui/parts';
import { saveAs } from '../../ui/save';
import { formatSize } from '../../ui/words';
import { Head } from './head';
import { Part } from './part';
import { EraseDialog } from './privacy-erase';
import { KeptPart } from './privacy-kept';
import { Progress } from './privacy-progress';
import { isByName, refusalWords } from './privacy-words';

export function PrivacyAccountPage() {
  const account = Number(useParams().id);
  return <Person key={account} who={{ account }} />;
}

export function PrivacyGuestPage() {
  const guest = useSearchParams()[0].get('who') ?? '';
  return <Person key={guest} who={{ guest }} />;
}

function Person({ who }: { who: Who }) {
  const erasure = useErasure('account' in who ? who.account : null);
  const kept = useKept(who, erasure.data?.step);
  const navigate = useNavigate();
  const error = kept.error ?? erasure.error;
  if (error) return <NotThere error={error} who={who} retry={() => void Promise.all([kept.refetch(), erasure.refetch()])} />;
  if (!kept.data || ('account' in who && erasure.data === undefined)) return <Waiting what="Looking for what is kept" />;
  return (
    <Stack>
      <Head title={kept.data.name}>
        <Button variant="default" onClick={() => void navigate('/admin/privacy')}>
          Another person
        </Button>
      </Head>
      <Introduction who={who} kept={kept.data} />
      {erasure.data && <Progress erasure={erasure.data} />}
      <KeptPart kept={kept.data} />
      {!erasure.data && <CopyPart who={who} />}
      {!erasure.data && <ForgetPart who={who} kept={kept.data} />}
    </Stack>
  );
}

function NotThere({ error, who, retry }: { error: Error; who: Who; retry(): void }) {
  return (
    <Stack>
      <Head title="Privacy" />
      <Problem error={new Error(refusalWords(error, who))} retry={retry} />
      <Anchor component={Link} to="/admin/privacy">
        Search again
      </Anchor>
    </Stack>
  );
}

function Introduction({ who, kept }: { who: Who; kept: Kept }) {
  return (
    <Text c="dimmed" className="break">
      {'account' in who ? `Account ${who.account}, ${kept.known_by}` : `No account; known by “${kept.known_by}”`}
      {isByName(who) && '. Everybody without an account who is called so is taken for this one person: if they are several, go back and choose one seat.'}
    </Text>
  );
}

function CopyPart({ who }: { who: Who }) {
  const preparing = useMutation({ mutationFn: () => fetchExport(who) });
  const name = 'account' in who ? `person-${who.account}.json` : 'guest.json';
  return (
    <Part title="A copy for them">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">One file (JSON) with all that is known of them: the lists above as a whole, every stay, what they wrote, and links to their recordings, which expire. It is in the audit log who fetched it.</Text>
        {preparing.error && <Problem error={new Error(refusalWords(preparing.error, who))} title="The file could not be made" />}
        <Group>
          <Button variant="light" loading={preparing.isPending} onClick={() => preparing.mutate()} data-testid="prepare-export">
            {preparing.data ? 'Make it anew' : 'Make the file'}
          </Button>
          {preparing.data && (
            <Button leftSection={<DownloadIcon size={16} aria-hidden />} onClick={() => saveAs(name, preparing.data)} data-testid="save-export">
              Download {name} ({formatSize(preparing.data.size)})
            </Button>
          )}
        </Group>
        <Text size="sm" role="status">
          {preparing.isPending ? 'Being made; with years of sessions this takes a while…' : preparing.data ? 'The file is ready.' : ''}
        </Text>
      </Stack>
    </Part>
  );
}

function ForgetPart({ who, kept }: { who: Who; kept: Kept }) {
  const [asking, setAsking] = useState(false);
  return (
    <Part title="Forget them">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">All that says who they were goes, and does not come back. Attendance and proof of consent stay under a pseudonym, as the law may ask of you. You are asked once more.</Text>
        <Button color="red" variant="light" onClick={() => setAsking(true)} data-testid="forget">
          Erase this person…
        </Button>
      </Stack>
      {asking && <EraseDialog who={who} kept={kept} onClose={() => setAsking(false)} />}
    </Part>
  );
}
