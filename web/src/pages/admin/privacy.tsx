/* Finding a person, with an account or without, to see, copy or erase what is kept of them; and who was erased. */
import { Anchor, Badge, Button, Card, Group, List, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router-dom';
import { ADMIN_PAGE, useUsers } from '../../api/admin';
import { GUESTS_SHOWN, useErasures, useGuests } from '../../api/privacy';
import { Empty } from '../../ui/parts';
import { formatDate, formatDateTime } from '../../ui/words';
import { Foot, Head } from './head';
import { findUsers, nameOfUser } from './keys';
import { ListFrame, PlainList } from './list-frame';
import { Part } from './part';
import { doneWords, peopleOf, seatWords, STATUS, type Found } from './privacy-words';

const ACCOUNTS_SHOWN = 10;
const guestPath = (who: string) => `/admin/privacy/guest?${new URLSearchParams({ who })}`;

/** What is looked for is kept in the address, so that going back finds it again. */
export function PrivacyPage() {
  const [params, setParams] = useSearchParams();
  const text = params.get('find') ?? '';
  const [wanted] = useDebouncedValue(text.trim(), 300);
  return (
    <Stack>
      <Head title="Privacy" />
      <Text c="dimmed">Find a person to see what is kept of them, to give them a copy of it, or to forget them. Attendance stays, under a pseudonym.</Text>
      <TextInput type="search" label="Who is it?" description="A part of their name, of their address, or of what another app calls them" maxLength={200} value={text}
        onChange={(event) => setParams(event.target.value ? { find: event.target.value } : {}, { replace: true })} data-testid="find-person" />
      {wanted ? (
        <>
          <Accounts text={wanted} />
          <Guests text={wanted} />
        </>
      ) : (
        <Erasures />
      )}
    </Stack>
  );
}

function Accounts({ text }: { text: string }) {
  const list = useUsers();
  const found = findUsers(list.data ?? [], text);
  return (
    <Part title="With an account">
      <ListFrame list={list} what="the accounts" nothing={list.data !== undefined && found.length === 0} empty={<Text size="sm">No account has that in its name or address.</Text>}>
        <PlainList>
          {found.slice(0, ACCOUNTS_SHOWN).map((user) => (
            <li key={user.id} data-testid={`person-${user.id}`}>
              <Anchor component={Link} to={`/admin/privacy/account/${user.id}`} className="break">
                {nameOfUser(user)}
              </Anchor>
              <Text size="sm" c="dimmed" className="break">
                {user.email}
              </Text>
            </li>
          ))}
        </PlainList>
        {found.length > ACCOUNTS_SHOWN && <Text size="sm">{found.length - ACCOUNTS_SHOWN} more fit. Write more of the name.</Text>}
      </ListFrame>
    </Part>
  );
}

function Guests({ text }: { text: string }) {
  const list = useGuests(text);
  const { guests = [], total = 0 } = list.data ?? {};
  return (
    <Part title="Without an account">
      <ListFrame list={list} what="the seats" nothing={total === 0} empty={<Text size="sm">Nobody who came by a code, a link or a telephone is called so.</Text>}>
        <Stack>
          {total > GUESTS_SHOWN && (
            <Text size="sm">
              These are the newest {GUESTS_SHOWN} of {total} seats that fit. Write more of the name.
            </Text>
          )}
          <PlainList>
            {peopleOf(guests).map((found) => (
              <Guest key={found.seats[0]!.participant_id} found={found} />
            ))}
          </PlainList>
        </Stack>
      </ListFrame>
    </Part>
  );
}

/** Several seats may be one person, or several of one name: whoever looks decides. */
function Guest({ found: { name, seats, who } }: { found: Found }) {
  return (
    <Card withBorder component="li" padding="sm" data-testid={`guest-${seats[0]!.participant_id}`}>
      <Group justify="space-between">
        <Text fw={600} className="break">
          {name}
        </Text>
        {who !== null && (
          <Button component={Link} to={guestPath(who)} size="xs" variant="light" aria-label={`See what is kept of ${name}`} data-testid="see-guest">
            {seats.length === 1 ? 'See what is kept' : `See all ${seats.length} as one person`}
          </Button>
        )}
      </Group>
      <List size="sm" spacing={4} mt={4} listStyleType="none" p={0}>
        {seats.map((seat) => (
          <List.Item key={seat.participant_id} className="break">
            {seatWords(seat)} <Text span size="sm" c="dimmed">
              · {formatDate(seat.created_at)}
            </Text>{' '}
            {seats.length > 1 && (
              <Anchor component={Link} to={guestPath(String(seat.participant_id))} size="sm" aria-label={`Only who was in ${seat.session_title}, seat ${seat.participant_id}`}>
                Only this one
              </Anchor>
            )}
          </List.Item>
        ))}
      </List>
    </Card>
  );
}

function Erasures() {
  const [page, setPage] = useState(0);
  const list = useErasures(page);
  const { erasures = [], total = 0 } = list.data ?? {};
  return (
    <Part title="Erased">
      <ListFrame list={list} what="the erasures" nothing={list.data !== undefined && total === 0} empty={<Empty title="Nobody was erased yet">Who is to be forgotten is found by the field above.</Empty>}>
        <Stack>
          <PlainList>
            {erasures.map((erasure) => (
              <li key={erasure.id} data-testid={`erased-${erasure.user_id}`}>
                <Group gap="xs">
                  <Anchor component={Link} to={`/admin/privacy/account/${erasure.user_id}`} className="break">
                    {erasure.pseudonym}
                  </Anchor>
                  <Badge variant="light" color={STATUS[erasure.status].color}>
                    {STATUS[erasure.status].word}
                  </Badge>
                </Group>
                <Text size="sm" c="dimmed">
                  {formatDateTime(erasure.requested_at)} · {doneWords(erasure)}
                </Text>
              </li>
            ))}
          </PlainList>
          <Foot count={total} size={ADMIN_PAGE} page={page} what="people" onPage={setPage} />
        </Stack>
      </ListFrame>
    </Part>
  );
}
