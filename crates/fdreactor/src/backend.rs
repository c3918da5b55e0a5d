//! The backends by name, and what each can do.

use std::os::fd::RawFd;

/// What finds out which descriptors are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// epoll(7): Linux. A wait costs what is ready, not what is watched.
    Epoll,
    /// kqueue(2): macOS and the BSDs. As epoll.
    Kqueue,
    /// poll(2): everywhere. Each wait scans every descriptor.
    Poll,
    /// select(2): everywhere. Each wait scans up to the highest descriptor, which must be below `FD_SETSIZE`.
    Select,
}

impl Backend {
    /// All of them, in the order of their discriminants.
    pub const ALL: &'static [Self] = &[Self::Epoll, Self::Kqueue, Self::Poll, Self::Select];

    /// The best one this system has.
    pub const fn native() -> Self {
        if cfg!(any(target_os = "linux", target_os = "android")) { Self::Epoll } else { Self::Kqueue }
    }

    /// Its name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Epoll => "epoll",
            Self::Kqueue => "kqueue",
            Self::Poll => "poll",
            Self::Select => "select",
        }
    }

    /// Whether this system has it.
    pub fn is_supported(self) -> bool {
        matches!(self, Self::Poll | Self::Select) || self == Self::native()
    }
}

/// What a backend can do. What it cannot is refused at registration, save `disconnect`, which comes with `readable` and is
/// left untold where it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each answers its own question")]
pub struct Capabilities {
    /// Edge-triggering.
    pub edge: bool,
    /// Falling silent after one event. The reactor does it where the kernel cannot, so it is always there.
    pub oneshot: bool,
    /// Urgent data.
    pub priority: bool,
    /// Waking not all of several reactors that watch one descriptor.
    pub exclusive: bool,
    /// Telling a half-close or a hang-up as such. Without it, they show only as readable or writable.
    pub disconnect: bool,
    /// The highest descriptor it takes, if it has a limit of its own.
    pub max_fd: Option<RawFd>,
}
