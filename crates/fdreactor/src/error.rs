//! Everything that can go wrong, as a closed list.

use crate::backend::Backend;
use std::{fmt, io};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call was refused or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    System {
        /// Which one.
        syscall: Syscall,
        /// Its `errno`, positive.
        errno: i32,
    },
    /// The token's registration is closed, or the reactor is.
    Closed,
    /// Edge-triggering was asked of a backend that scans.
    TriggerUnsupported(Backend),
    /// An interest or option was asked that the backend cannot watch.
    InterestUnsupported(Backend),
    /// select(2) was asked for a descriptor at or above `FD_SETSIZE`.
    FdLimit,
    /// This system does not have the backend.
    BackendUnsupported(Backend),
    /// More would be kept for a peer that takes nothing than the limits of its server allow.
    BufferLimit,
    /// Nothing was read or written for longer than the limits allow.
    Timeout,
}

impl Error {
    /// Wraps what the operating system said of `syscall`.
    pub(crate) fn system(syscall: Syscall, error: &io::Error) -> Self {
        Self::System { syscall, errno: error.raw_os_error().unwrap_or(libc::EIO) }
    }

    /// Whether the descriptor itself is gone: closed, or closed and its number given to another file.
    pub(crate) fn is_gone(self) -> bool {
        matches!(self, Self::System { errno: libc::EBADF | libc::ENOENT, .. })
    }

    /// The POSIX error that fits best.
    pub fn errno(self) -> i32 {
        match self {
            Self::System { errno, .. } => errno,
            Self::Closed => libc::ENOENT,
            Self::TriggerUnsupported(_) | Self::InterestUnsupported(_) => libc::ENOTSUP,
            Self::FdLimit => libc::ERANGE,
            Self::BackendUnsupported(_) => libc::ENOSYS,
            Self::BufferLimit => libc::ENOBUFS,
            Self::Timeout => libc::ETIMEDOUT,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { syscall, errno } => {
                write!(f, "{}: {}", syscall.name(), io::Error::from_raw_os_error(*errno))
            }
            Self::Closed => f.write_str("the registration is closed"),
            Self::TriggerUnsupported(backend) => {
                write!(f, "{} scans the state of descriptors and has no edges", backend.name())
            }
            Self::InterestUnsupported(backend) => write!(f, "{} cannot watch for that", backend.name()),
            Self::FdLimit => write!(f, "select takes descriptors below {}", libc::FD_SETSIZE),
            Self::BackendUnsupported(backend) => write!(f, "this system has no {}", backend.name()),
            Self::BufferLimit => f.write_str("more would be kept for the peer than is allowed"),
            Self::Timeout => f.write_str("nothing was read or written for too long"),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! syscalls {
    ($($variant:ident $name:literal,)*) => {
        /// The system calls that this crate makes and reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is the name of a manual page")]
        pub enum Syscall { $($variant,)* }

        impl Syscall {
            /// All of them, in the order of their discriminants.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name of its manual page.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

syscalls! {
    Accept "accept",
    Bind "bind",
    Connect "connect",
    EpollCreate "epoll_create1",
    EpollCtl "epoll_ctl",
    EpollWait "epoll_wait",
    Fcntl "fcntl",
    Fstat "fstat",
    Getpeername "getpeername",
    Getsockname "getsockname",
    Getsockopt "getsockopt",
    Kevent "kevent",
    Kqueue "kqueue",
    Listen "listen",
    Poll "poll",
    PthreadCreate "pthread_create",
    Read "read",
    Readv "readv",
    Select "select",
    Send "send",
    Sendmsg "sendmsg",
    Setsockopt "setsockopt",
    Shutdown "shutdown",
    Socket "socket",
    Socketpair "socketpair",
    Write "write",
    Writev "writev",
}
