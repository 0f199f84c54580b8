/* /admin/…: for administrators. Loaded when first asked for: most people never do. */
import { Anchor, Group, Stack } from '@mantine/core';
import { Link, Navigate, NavLink, Route, Routes } from 'react-router-dom';
import { useMe } from '../../api/queries';
import { Empty, Problem, usePageTitle, Waiting } from '../../ui/parts';
import { NotFoundPage } from '../not-found';
import { AccountsPage } from './accounts';
import './admin.css';
import { ApiKeysPage } from './api-keys';
import { AuditPage } from './audit';
import { InboxPage } from './inbox';
import { PrivacyPage } from './privacy';
import { PrivacyAccountPage, PrivacyGuestPage } from './privacy-person';
import { RoomPage } from './room-page';
import { RoomsPage } from './rooms';
import { TemplatesPage } from './templates';
import { WebhooksPage } from './webhooks';

const PAGES = [
  { path: 'rooms', word: 'Rooms' },
  { path: 'templates', word: 'Templates' },
  { path: 'accounts', word: 'Accounts' },
  { path: 'keys', word: 'API keys' },
  { path: 'webhooks', word: 'Webhooks' },
  { path: 'audit', word: 'Audit log' },
  { path: 'inbox', word: 'Inbox' },
  { path: 'privacy', word: 'Privacy' },
] as const;

export default function AdminPages() {
  const { data: me, error, isPending, refetch } = useMe();
  if (isPending) return <Waiting />;
  if (!me) return <Problem error={error} retry={() => void refetch()} />;
  if (!me.is_superuser) return <NotForYou />;
  return (
    <Stack gap="lg">
      <Navigation />
      <Routes>
        <Route index element={<Navigate to="rooms" replace />} />
        <Route path="rooms" element={<RoomsPage />} />
        <Route path="rooms/:id" element={<RoomPage />} />
        <Route path="templates" element={<TemplatesPage />} />
        <Route path="accounts" element={<AccountsPage />} />
        <Route path="keys" element={<ApiKeysPage />} />
        <Route path="webhooks" element={<WebhooksPage />} />
        <Route path="audit" element={<AuditPage />} />
        <Route path="inbox" element={<InboxPage />} />
        <Route path="privacy" element={<PrivacyPage />} />
        <Route path="privacy/account/:id" element={<PrivacyAccountPage />} />
        <Route path="privacy/guest" element={<PrivacyGuestPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
    </Stack>
  );
}

function Navigation() {
  return (
    <nav aria-label="Administration">
      <Group gap="xs" component="ul" className="admin-nav">
        {PAGES.map(({ path, word }) => (
          <li key={path}>
            <NavLink to={`/admin/${path}`} data-testid={`nav-${path}`}>
              {word}
            </NavLink>
          </li>
        ))}
      </Group>
    </nav>
  );
}

function NotForYou() {
  usePageTitle('Administration');
  return (
    <div data-testid="refused">
      <Empty title="This part is for administrators" order={1}>
        Your account does not look after this server. Ask who does, if something needs to be changed here.{' '}
        <Anchor component={Link} to="/" underline="always">
          Go to your sessions
        </Anchor>
        .
      </Empty>
    </div>
  );
}
