/* Small pieces that every page uses. */
import { ActionIcon, Alert, Button, Center, CopyButton, Group, Loader, Modal, Stack, Text, Title, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useEffect, type ReactNode } from 'react';
import { ApiError } from '../api/client';
import { CheckIcon, CopyIcon, WarnIcon } from './icons';

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · roomd` : 'roomd';
  }, [title]);
}

export function Waiting({ what = 'Loading' }: { what?: string }) {
  return (
    <Center mih={200} role="status">
      <Group gap="sm">
        <Loader size="sm" aria-hidden />
        <Text c="dimmed">{what}…</Text>
      </Group>
    </Center>
  );
}

/** What the server refuses it refuses again; but for too many requests at once. */
const isFinal = (error: unknown) => error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429;

export function Problem({ error, retry, title = 'That did not work' }: { error: unknown; retry?: () => void; title?: string }) {
  return (
    <Alert color="red" title={title} icon={<WarnIcon size={18} aria-hidden />} role="alert" data-testid="problem">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
        {retry && !isFinal(error) && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** For what fails beside the point where one looks: a menu that has closed, a switch in a list. */
export const complain = (error: Error) => notifications.show({ color: 'red', title: 'That did not work', message: error.message });

export function Empty({ title, children, order = 2 }: { title: string; children?: ReactNode; order?: 1 | 2 }) {
  return (
    <Center mih={220}>
      <Stack align="center" gap="xs" maw={420} ta="center">
        <Title order={order} size="h4">
          {title}
        </Title>
        <Text c="dimmed" component="div">
          {children}
        </Text>
      </Stack>
    </Center>
  );
}

export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={copied ? 'Copied' : label}>
            {copied ? <CheckIcon size={16} /> : <CopyIcon size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

interface ConfirmProps {
  opened: boolean;
  title: string;
  children: ReactNode;
  confirm: string;
  busy?: boolean;
  onConfirm(): void;
  onClose(): void;
}

export function Confirm({ opened, title, children, confirm, busy, onConfirm, onClose }: ConfirmProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered>
      <Stack>
        <Text size="sm" component="div">
          {children}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red" onClick={onConfirm} loading={busy} data-testid="confirm">
            {confirm}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
