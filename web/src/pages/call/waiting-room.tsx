/* Between the wish to join and the call: connecting, knocking, and the question about recording. */
import { Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import type { CallEngine } from '../../call/engine';
import { ConsentDialog } from './dialogs';
import { useStore } from './use-store';

export function WaitingRoom({ engine, title }: { engine: CallEngine; title: string }) {
  const { phase, link, consentAsked, consentWording } = useStore(engine);
  const waits = phase === 'waiting';
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack align="center" ta="center" maw={420} data-testid={waits ? 'waiting' : 'connecting'} role="status">
        <Loader aria-hidden />
        <Title order={1} size="h3" className="break">
          {title}
        </Title>
        <Text>
          {waits
            ? link === 'up'
              ? 'The host knows that you are here and will let you in.'
              : 'The line was lost. You keep your place; connecting again…'
            : 'Connecting…'}
        </Text>
        <Button variant="default" onClick={() => engine.leave()} data-testid="leave">
          Leave
        </Button>
      </Stack>
      <ConsentDialog engine={engine} opened={consentAsked} wording={consentWording} />
    </Center>
  );
}
