//! epoll and kqueue, through mio.
//!
//! Edge-triggered reading and writing is what mio offers and is left to it. Everything else (level, oneshot, exclusive,
//! priority or disconnect alone) is put on mio's own registry by a source of ours, and the kernel's events are decoded by us:
//! mio's view of them is coarser than the contract.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "mio/level_epoll.rs"]
mod level;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "mio/level_kqueue.rs"]
mod level;

use super::{Selector, Traits, Waiter, deadline};
use crate::{
    backend::Capabilities,
    error::{Error, Result, Syscall},
    event::Event,
    interest::Interest,
    sys,
    token::Token,
    trigger::{Arming, Trigger},
};
use mio::{event::Source, unix::SourceFd};
use std::{
    cell::Cell,
    io,
    os::fd::{AsRawFd, RawFd},
    time::Duration,
};

/// What mio itself can express, or `None` where our own source is needed.
fn mio_interest(arming: Arming) -> Option<mio::Interest> {
    let wanted = arming.interest;
    // With readable, mio asks for the half-close as well; without it, disconnect would be lost.
    let lost = Interest::PRIORITY.bits()
        | if wanted.contains(Interest::READABLE) { 0 } else { Interest::DISCONNECT.bits() };
    if arming.trigger == Trigger::Level || arming.oneshot || arming.exclusive || wanted.bits() & lost != 0 {
        return None;
    }
    match (wanted.contains(Interest::READABLE), wanted.contains(Interest::WRITABLE)) {
        (true, true) => Some(mio::Interest::READABLE | mio::Interest::WRITABLE),
        (true, false) => Some(mio::Interest::READABLE),
        (false, true) => Some(mio::Interest::WRITABLE),
        (false, false) => None,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a usize has 64 bits here: asserted in lib.rs")]
fn mio_token(token: Token) -> mio::Token {
    mio::Token(token.to_word() as usize)
}

fn control(error: &io::Error) -> Error {
    Error::system(level::CONTROL, error)
}

#[derive(Debug)]
pub(super) struct MioSelector {
    registry: mio::Registry,
    /// The blocking half, until the waiter takes it.
    poll: Option<mio::Poll>,
    /// The set that was thrown away last: whoever watches its descriptor still has to let go of it.
    retired: Option<mio::Registry>,
    /// System calls that changed the set. In a cell: [`had`](Selector::had) makes one too.
    changes: Cell<u64>,
}

impl MioSelector {
    pub(super) fn new() -> Result<Self> {
        let poll = mio::Poll::new().map_err(|error| Error::system(level::CREATE, &error))?;
        // A second descriptor for the same set, so that changes need no access to the half that blocks.
        let registry = poll.registry().try_clone().map_err(|error| Error::system(Syscall::Fcntl, &error))?;
        Ok(Self { registry, poll: Some(poll), retired: None, changes: Cell::new(0) })
    }

    fn count(&self, calls: u64) {
        self.changes.set(self.changes.get() + calls);
    }

    fn counted(
        &self,
        mut source: level::RawSource,
        ask: impl FnOnce(&mut level::RawSource, &mio::Registry) -> io::Result<()>,
    ) -> io::Result<()> {
        let outcome = ask(&mut source, &self.registry);
        self.count(source.calls);
        outcome
    }
}

impl Selector for MioSelector {
    fn capabilities(&self) -> Capabilities {
        level::CAPABILITIES
    }

    fn traits(&self) -> Traits {
        level::TRAITS
    }

    fn add(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()> {
        if level::TAKES_FILES && sys::fd::is_file(fd) {
            return Err(control(&io::Error::from_raw_os_error(libc::EPERM)));
        }
        let token = mio_token(token);
        match mio_interest(arming) {
            Some(interest) => {
                self.count(1);
                SourceFd(&fd).register(&self.registry, token, interest)
            }
            None => self
                .counted(level::RawSource::new(fd, arming), |source, registry| source.add(registry, token)),
        }
        .map_err(|error| control(&error))
    }

    fn modify(&mut self, fd: RawFd, token: Token, arming: Arming, old: Arming) -> Result<()> {
        let token = mio_token(token);
        match mio_interest(arming) {
            Some(interest) if mio_interest(old).is_some() => {
                self.count(1);
                SourceFd(&fd).reregister(&self.registry, token, interest)
            }
            _ => self.counted(level::RawSource::new(fd, arming), |source, registry| {
                source.modify(registry, token, old)
            }),
        }
        .map_err(|error| control(&error))
    }

    fn remove(&mut self, fd: RawFd) -> Result<()> {
        self.count(1);
        level::remove(&self.registry, fd).map_err(|error| control(&error))
    }

    fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn waiter(&mut self, limit: usize) -> Box<dyn Waiter> {
        Box::new(MioWaiter { poll: self.poll.take(), events: mio::Events::with_capacity(limit) })
    }

    fn rebuild(&mut self, kept: RawFd, token: Token, arming: Arming) -> Result<bool> {
        let mut fresh = Self::new()?;
        let added = fresh.add(kept, token, arming);
        self.count(fresh.changes());
        added?;
        self.retired = Some(std::mem::replace(&mut self.registry, fresh.registry));
        self.poll = fresh.poll;
        Ok(true)
    }

    fn had(&self, fd: RawFd) -> bool {
        let strange = |error| control(&error).is_gone();
        let Some(retired) = &self.retired else { return false };
        self.count(1);
        !level::remove(retired, fd).is_err_and(strange)
    }

    fn fd(&self) -> Option<RawFd> {
        Some(self.registry.as_raw_fd())
    }
}

#[derive(Debug)]
struct MioWaiter {
    poll: Option<mio::Poll>,
    events: mio::Events,
}

impl Waiter for MioWaiter {
    fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> Result<()> {
        let Self { poll: Some(poll), events } = self else {
            return Err(Error::Closed);
        };
        deadline::until(timeout, level::WAIT, |left| {
            poll.poll(events, left)?;
            // mio counts nothing, and an empty batch is what the deadline must see.
            Ok(usize::from(!events.is_empty()))
        })?;
        level::decode(events, found);
        Ok(())
    }
}
