//! Where a case runs: a backend, and how its registrations are armed.

use fdreactor::{Arming, Backend, Interest};
use std::fmt;

/// How a registration hears of readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Level,
    Edge,
    Oneshot,
}

impl Mode {
    pub(crate) fn arming(self, interest: Interest) -> Arming {
        match self {
            Self::Level => Arming::level(interest),
            Self::Edge => Arming::edge(interest),
            Self::Oneshot => Arming::oneshot(interest),
        }
    }

    /// One that differs and that every backend has, so that nothing but the double registration can be refused.
    pub(crate) fn other(self) -> Self {
        if self == Self::Level { Self::Oneshot } else { Self::Level }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Edge => "edge",
            Self::Oneshot => "oneshot",
        }
    }
}

/// A backend and a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) backend: Backend,
    pub(crate) mode: Mode,
}

impl Column {
    /// Each mode on each backend that this system has, whether the backend can do it or must refuse it.
    pub(crate) fn all() -> Vec<Self> {
        let backends = Backend::ALL.iter().copied().filter(|backend| backend.is_supported());
        backends
            .flat_map(|backend| [Mode::Level, Mode::Edge, Mode::Oneshot].map(|mode| Self { backend, mode }))
            .collect()
    }

    /// The table's own column for this backend's level registrations; epoll has one for every mode.
    pub(crate) fn in_table(self) -> &'static str {
        match self.backend {
            Backend::Poll => "poll",
            Backend::Select => "select",
            Backend::Epoll | Backend::Kqueue => self.mode.name(),
        }
    }

    /// Whether the table has a column for each mode of this backend.
    pub(crate) fn is_in_table(self) -> bool {
        self.in_table() == self.mode.name()
    }

    /// Whether the backend must refuse the mode: a scan has no edges.
    pub(crate) fn refused(self) -> bool {
        self.mode == Mode::Edge && !self.is_in_table()
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.backend.name(), self.mode.name())
    }
}
