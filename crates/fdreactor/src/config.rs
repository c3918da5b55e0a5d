//! What a reactor is made with, and what it counts.

use crate::backend::Backend;
use std::time::Duration;

/// How a reactor is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which backend. Default: the system's native one.
    pub backend: Backend,
    /// The most events that one turn takes, at least 1. Default: 1,024.
    pub batch_size: usize,
    /// Lets select go beyond `FD_SETSIZE`, to measure what that costs. Linux and the BSDs. Default: false.
    pub unbounded_select: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { backend: Backend::native(), batch_size: 1024, unbounded_select: false }
    }
}

/// What a reactor has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Waits that ended.
    pub waits: u64,
    /// Events handed over.
    pub events: u64,
    /// Events dropped because their registration had changed meanwhile.
    pub stale: u64,
    /// Registrations that were parked.
    pub parked: u64,
    /// Times that the kernel's set was rebuilt to get rid of an entry out of reach.
    pub rebuilds: u64,
    /// System calls that changed the kernel's set, failed ones too: `epoll_ctl(2)`, kevent(2). 0 on poll and select.
    pub changes: u64,
    /// The longest time from the end of a wait until [`Reactor::turn_over`](crate::Reactor::turn_over).
    pub slowest_turn: Duration,
}
