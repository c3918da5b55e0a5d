//! A reactor for file descriptors: epoll, kqueue, poll(2) and select(2) behind one contract.
//!
//! A [`Reactor`] holds registrations of raw descriptors. Each [`Reactor::turn`] waits once and
//! hands back at most one [`Event`] per registration. The contract is the same on every
//! [`Backend`]; what a backend cannot do stands in its [`Capabilities`] and is refused when asked.
//!
//! ```
//! use fdreactor::{Arming, Interest, Readiness, Reactor};
//! use std::{io::Write, os::fd::AsRawFd, os::unix::net::UnixStream, time::Duration};
//!
//! let (left, mut right) = UnixStream::pair()?;
//! let mut reactor = Reactor::new(&Default::default())?;
//! let token = reactor.register(left.as_raw_fd(), Arming::level(Interest::READABLE))?;
//!
//! right.write_all(b"hello")?;
//! let mut events = Vec::new();
//! reactor.turn(Some(Duration::from_secs(1)), &mut events)?;
//! assert_eq!(events[0].token, token);
//! assert!(events[0].readiness.contains(Readiness::READABLE));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Linux, macOS and FreeBSD, on 64-bit processors: a [`Token`] travels through the kernel as one word.

#[cfg(not(unix))]
compile_error!("fdreactor drives epoll, kqueue, poll(2) and select(2): it needs a Unix system");
#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "fdreactor keeps a 32-bit slot and a 32-bit generation in one machine word: it needs a 64-bit target"
);

mod backend;
mod blocking;
mod config;
mod error;
mod event;
mod interest;
pub mod io;
pub mod net;
mod reactor;
mod readiness;
mod registry;
mod selector;
pub mod server;
mod sys;
mod token;
mod trigger;
mod waker;

pub use backend::{Backend, Capabilities};
pub use blocking::{Blocking, Waited};
pub use config::{Config, Stats};
pub use error::{Error, Result, Syscall};
pub use event::Event;
pub use interest::Interest;
pub use reactor::Reactor;
pub use readiness::Readiness;
pub use registry::State;
pub use token::Token;
pub use trigger::{Arming, Trigger};
pub use waker::Waker;
