import { lazy, Suspense, type ReactNode } from 'react';
import { Navigate, Route, Routes, useLocation } from 'react-router-dom';
import { useToken } from './api/token';
import { AttendancePage } from './pages/attendance';
import { JoinPage } from './pages/join';
import { NotFoundPage } from './pages/not-found';
import { RecordingPage } from './pages/recording';
import { RecordingsPage } from './pages/recordings';
import { SessionsPage } from './pages/sessions';
import { RegisterPage, SignInPage } from './pages/sign-in';
import { Boundary } from './ui/boundary';
import { Waiting } from './ui/parts';
import { Shell } from './ui/shell';

const AdminPages = lazy(() => import('./pages/admin/admin-pages'));
const CallPage = lazy(() => import('./pages/call/call-page'));

function SignedIn({ children }: { children: ReactNode }) {
  const { pathname, search } = useLocation();
  if (useToken()) return children;
  return <Navigate to={`/signin?next=${encodeURIComponent(pathname + search)}`} replace />;
}

export function App() {
  return (
    <Boundary>
      <Suspense fallback={<Waiting />}>
        <Routes>
          <Route path="/room/:roomName" element={<CallPage />} />
          <Route element={<Shell />}>
            <Route path="/" element={<SignedIn children={<SessionsPage />} />} />
            <Route path="/signin" element={<SignInPage />} />
            <Route path="/register" element={<RegisterPage />} />
            <Route path="/join/:code?" element={<JoinPage />} />
            <Route path="/my/:id/recordings" element={<SignedIn children={<RecordingsPage />} />} />
            <Route path="/my/:id/attendance" element={<SignedIn children={<AttendancePage />} />} />
            <Route path="/recordings/:id" element={<SignedIn children={<RecordingPage />} />} />
            <Route path="/admin/*" element={<SignedIn children={<AdminPages />} />} />
            <Route path="*" element={<NotFoundPage />} />
          </Route>
        </Routes>
      </Suspense>
    </Boundary>
  );
}
