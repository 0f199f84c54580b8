import { Button, Group, Kbd, Modal, Stack, Table, Text } from '@mantine/core';
import type { CallEngine } from '../../call/engine';
import type { LocalMedia } from '../../call/local-media';
import { DeviceChoice } from './device-choice';

export function ConsentDialog({ engine, opened, wording }: { engine: CallEngine; opened: boolean; wording: string }) {
  return (
    <Modal
      opened={opened}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      centered
      title="This session is being recorded"
    >
      <Stack>
        <Text size="sm">
          {wording}
        </Text>
        <Text size="sm" c="dimmed">
          You can take part only if you agree.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => engine.giveConsent(false)} data-testid="consent-no">
            Leave
          </Button>
          <Button onClick={() => engine.giveConsent(true)} data-autofocus data-testid="consent-yes">
            I agree
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export const SHORTCUTS = [
  ['m', 'Microphone on or off'],
  ['c', 'Camera on or off'],
  ['s', 'Start or stop sharing the screen'],
  ['h', 'Raise or lower the hand'],
  ['?', 'This help'],
] as const;

export function ShortcutsDialog({ opened, onClose }: { opened: boolean; onClose(): void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" centered>
      <Table>
        <Table.Tbody>
          {SHORTCUTS.map(([key, meaning]) => (
            <Table.Tr key={key}>
              <Table.Td w={60}>
                <Kbd>{key}</Kbd>
              </Table.Td>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}

export function SettingsDialog({ local, opened, onClose }: { local: LocalMedia; opened: boolean; onClose(): void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Devices" centered>
      <DeviceChoice local={local} />
    </Modal>
  );
}
