//! How a registration hears of what it asked: level or edge, for ever or once.

use crate::interest::Interest;

/// When readiness is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// In every turn, as long as the descriptor is ready. Nothing is lost by reading only a part.
    #[default]
    Level,
    /// On a change, and once at registration, modification and re-arming if ready. Whoever hears of it must read or
    /// write until it would block; what is left unread is not told again.
    ///
    /// More edges than changes may come (the kernel merges and splits them as it likes): take one as a hint, never as a count.
    ///
    /// # Platform
    /// epoll and kqueue. poll(2) and select(2) look at the state and have no edges: refused there.
    Edge,
}

/// All that a registration asks for: which conditions, and how they are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arming {
    /// The conditions. Empty is a pause.
    pub interest: Interest,
    /// When they are told.
    pub trigger: Trigger,
    /// Whether the registration falls silent after one event, until it is modified or re-armed.
    pub oneshot: bool,
    /// `EPOLLEXCLUSIVE`: of several epoll sets that watch one descriptor, at least one is woken, and not all.
    /// Linux's epoll only, with readable and writable only, and not with `oneshot`.
    pub exclusive: bool,
}

impl Arming {
    /// Level-triggered and lasting.
    pub const fn level(interest: Interest) -> Self {
        Self { interest, trigger: Trigger::Level, oneshot: false, exclusive: false }
    }

    /// Edge-triggered and lasting.
    pub const fn edge(interest: Interest) -> Self {
        Self { interest, trigger: Trigger::Edge, oneshot: false, exclusive: false }
    }

    /// Level-triggered, for one event.
    pub const fn oneshot(interest: Interest) -> Self {
        Self { interest, trigger: Trigger::Level, oneshot: true, exclusive: false }
    }
}
