//! What is reported. The bits are the public ones: the binding hands them to JavaScript unchanged.

use std::ops::{BitOr, BitOrAssign};

/// A set of the conditions found on a descriptor, decoded from the kernel's own mask and nothing added.
///
/// # Platform
/// epoll and poll(2) report each bit as the kernel gives it, save [`WRITE_CLOSED`](Self::WRITE_CLOSED), which only kqueue
/// can tell. select(2) has three sets and so reports only readable, writable and priority; a hang-up or error shows
/// there as readable or writable, when that was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Readiness(u32);

impl Readiness {
    /// Nothing.
    pub const EMPTY: Self = Self(0);
    /// A read will not block (`EPOLLIN`, `POLLIN`).
    pub const READABLE: Self = Self(1);
    /// A write will not block (`EPOLLOUT`, `POLLOUT`).
    pub const WRITABLE: Self = Self(2);
    /// Urgent data or an exceptional condition (`EPOLLPRI`, `POLLPRI`).
    pub const PRIORITY: Self = Self(4);
    /// The peer, or this side, closed the reading direction (`EPOLLRDHUP`, `POLLRDHUP`, `EV_EOF` on the read filter).
    pub const READ_CLOSED: Self = Self(8);
    /// The writing direction is closed (`EV_EOF` on kqueue's write filter).
    pub const WRITE_CLOSED: Self = Self(16);
    /// Both directions are closed, or the other end of a pipe is gone (`EPOLLHUP`, `POLLHUP`).
    pub const HANGUP: Self = Self(32);
    /// An error is pending (`EPOLLERR`, `POLLERR`); on a socket `SO_ERROR` tells which.
    pub const ERROR: Self = Self(64);
    /// The descriptor is not open any more (`POLLNVAL`). Told once; the registration is closed.
    pub const INVALID: Self = Self(128);

    /// What a read or a write will tell the reason of.
    pub(crate) const FAILING: Self = Self(Self::HANGUP.0 | Self::ERROR.0);

    /// Makes a set from its bits. Bits without a meaning are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & 0xff)
    }

    /// The bits, from 1 (readable) to 128 (invalid).
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether nothing is reported.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether everything in `other` is reported.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether anything in `other` is reported.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Readiness {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
