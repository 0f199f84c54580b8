/* The frame of every page but the call: name of the server, who is signed in, light or dark. */
import { ActionIcon, Anchor, AppShell, Container, Group, Menu, Text, Tooltip, useMantineColorScheme } from '@mantine/core';
import IconDeviceDesktop from '@tabler/icons-react/dist/esm/icons/IconDeviceDesktop.mjs';
import IconMoon from '@tabler/icons-react/dist/esm/icons/IconMoon.mjs';
import IconSun from '@tabler/icons-react/dist/esm/icons/IconSun.mjs';
import { Link, Outlet } from 'react-router-dom';
import { useInfo, useMe } from '../api/queries';
import { signOut } from '../api/token';

const SCHEMES = [
  { value: 'auto', label: 'Like the system', Icon: IconDeviceDesktop },
  { value: 'light', label: 'Light', Icon: IconSun },
  { value: 'dark', label: 'Dark', Icon: IconMoon },
] as const;

export function SchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { Icon } = SCHEMES.find(({ value }) => value === colorScheme) ?? SCHEMES[0];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label="Light or dark">
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Light or dark">
            <Icon size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {SCHEMES.map(({ value, label, Icon: Sign }) => (
          <Menu.Item key={value} leftSection={<Sign size={16} />} onClick={() => setColorScheme(value)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Account() {
  const { data: me } = useMe();
  if (!me)
    return (
      <Anchor component={Link} to="/signin" size="sm">
        Sign in
      </Anchor>
    );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Anchor component="button" size="sm" maw={{ base: 80, sm: 130 }} truncate data-testid="account">
          {me.full_name || me.email}
        </Anchor>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.email}</Menu.Label>
        {me.is_superuser && (
          <Menu.Item component={Link} to="/admin" data-testid="admin">
            Administration
          </Menu.Item>
        )}
        <Menu.Item onClick={signOut} data-testid="sign-out">
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

export function Shell() {
  const { data: info } = useInfo();
  return (
    <AppShell header={{ height: 56 }} padding="md">
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <AppShell.Header>
        <Container size="lg" h="100%">
          <Group h="100%" justify="space-between" wrap="nowrap">
            <Group gap="md" wrap="nowrap">
              <Anchor component={Link} to="/" underline="never" c="inherit">
                <Group gap="xs" wrap="nowrap">
                  <img src="/favicon.svg" width={26} height={26} alt="" />
                  <Text fw={700}>{info?.name ?? 'roomd'}</Text>
                </Group>
              </Anchor>
              <Anchor component={Link} to="/join" size="sm" style={{ whiteSpace: 'nowrap' }}>
                Join by code
              </Anchor>
            </Group>
            <Group gap="xs" wrap="nowrap">
              <Account />
              <SchemeMenu />
            </Group>
          </Group>
        </Container>
      </AppShell.Header>
      <AppShell.Main id="main" tabIndex={-1}>
        <Container size="lg" px={0}>
          <Outlet />
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}
