//! The table of poll tokens: who is meant when one is ready.

use vrrp_mio::Driver;

use crate::balancing;
use crate::notify::Notifier;
use crate::observe::control::MAX_CLIENTS;
use crate::tokens::TokenRange;

/// Signals.
pub(super) const SIGNALS: TokenRange = TokenRange::new(Driver::FIRST_FREE_TOKEN, 1);
/// The control socket, and behind it its clients.
pub(super) const CONTROL: TokenRange = SIGNALS.next(MAX_CLIENTS + 1);
/// The requests to the kernel's IPVS.
pub(super) const IPVS: TokenRange = CONTROL.next(1);
/// The reports of tracked files.
pub(super) const FILES: TokenRange = IPVS.next(1);
/// Scripts that are told of changes.
pub(super) const NOTIFICATIONS: TokenRange = FILES.next(Notifier::TOKENS.get());
/// Attempts of checkers: one for each checker, so there is room for all that memory can hold.
pub(super) const CHECKS: TokenRange = NOTIFICATIONS.next(1 << 32);

/// Those of virtual servers.
pub(super) const BALANCING: balancing::Tokens = balancing::Tokens {
    ipvs: IPVS,
    files: FILES,
    notifications: NOTIFICATIONS,
    checks: CHECKS,
};
