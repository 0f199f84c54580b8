/* What is kept of a person: how much, and the newest of it. */
import { Anchor, Badge, List, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router-dom';
import type { Kept } from '../../api/privacy';
import { formatDateTime } from '../../ui/words';
import { Part } from './part';
import { DECISIONS, keptFacts, seatWords, WAYS } from './privacy-words';

export function KeptPart({ kept }: { kept: Kept }) {
  return (
    <Part title="What is kept">
      <Stack>
        <dl className="facts" data-testid="kept">
          {keptFacts(kept).map(([what, much]) => (
            <div key={what} style={{ display: 'contents' }}>
              <dt>{what}</dt>
              <dd>{much}</dd>
            </div>
          ))}
        </dl>
        <Seats kept={kept} />
        <Recordings kept={kept} />
        <Consents kept={kept} />
      </Stack>
    </Part>
  );
}

function Newest({ title, total, testid, children }: { title: string; total: number; testid: string; children: ReactNode[] }) {
  if (total === 0) return null;
  return (
    <section aria-label={title}>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      <List size="sm" spacing="xs" listStyleType="none" p={0} data-testid={testid}>
        {children}
      </List>
      {total > children.length && (
        <Text size="sm" c="dimmed">
          The newest {children.length} of {total}.
        </Text>
      )}
    </section>
  );
}

const Line = ({ about, children }: { about: string; children: ReactNode }) => (
  <List.Item className="break">
    {children}
    <Text size="sm" c="dimmed">
      {about}
    </Text>
  </List.Item>
);

const Seats = ({ kept }: { kept: Kept }) => (
  <Newest title="Seats" total={kept.seats_total} testid="kept-seats">
    {kept.seats.map((seat) => (
      <Line key={seat.participant_id} about={`as ${seat.name}, ${seat.role}, since ${formatDateTime(seat.created_at)}`}>
        <Anchor component={Link} to={`/my/${seat.session_id}/attendance`} size="sm" aria-label={`Attendance of ${seat.session_title}, seat ${seat.participant_id}`}>
          {seatWords(seat)}
        </Anchor>
      </Line>
    ))}
  </Newest>
);

const Recordings = ({ kept }: { kept: Kept }) => (
  <Newest title="Recordings they are in" total={kept.recordings_total} testid="kept-recordings">
    {kept.recordings.map((recording) => (
      <Line key={recording.id} about={`${formatDateTime(recording.started_at)}, ${recording.others ? 'with others' : 'nobody else in it'}`}>
        <Anchor component={Link} to={`/recordings/${recording.id}`} size="sm">
          Recording {recording.id}, {recording.session_title}
        </Anchor>{' '}
        {recording.kept && (
          <Badge color="yellow" variant="light" size="sm">
            Kept by an administrator
          </Badge>
        )}
      </Line>
    ))}
  </Newest>
);

const Consents = ({ kept }: { kept: Kept }) => (
  <Newest title="Consent to be recorded" total={kept.consents_total} testid="kept-consents">
    {kept.consents.map((consent) => (
      <Line key={consent.id} about={`${formatDateTime(consent.at)}, asked with “${consent.wording}”`}>
        {DECISIONS[consent.decision]}, {WAYS[consent.way]}
      </Line>
    ))}
  </Newest>
);
