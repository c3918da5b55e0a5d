//! Level, oneshot, exclusive and priority on mio's epoll set, and the kernel's own event masks.
//!
//! This file leans on three facts of mio 1.2 that its documentation implies but does not promise: a `Registry` is the epoll
//! descriptor, a `Token` is the event's data word, and an `Event` is the `epoll_event` itself. `Cargo.toml` pins the minor
//! version, and the tests below fail if any of the three moves.
#![expect(unsafe_code, reason = "epoll_ctl(2), and reading the mask that mio keeps to itself")]

use crate::{
    backend::Capabilities,
    error::Syscall,
    event::Event,
    interest::Interest,
    readiness::Readiness,
    selector::Traits,
    sys::check,
    token::Token,
    trigger::{Arming, Trigger},
};
use mio::{Registry, event::Source};
use std::{
    io,
    os::fd::{AsRawFd, RawFd},
    ptr,
};

pub(super) const CREATE: Syscall = Syscall::EpollCreate;
pub(super) const CONTROL: Syscall = Syscall::EpollCtl;
pub(super) const WAIT: Syscall = Syscall::EpollWait;

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    edge: true,
    oneshot: true,
    priority: true,
    exclusive: true,
    disconnect: true,
    max_fd: None,
};
/// It refuses them with `EPERM` itself.
pub(super) const TAKES_FILES: bool = false;
pub(super) const TRAITS: Traits = Traits { refuses_doubles: true, kernel_oneshot: true, live: true };

const _: () = assert!(size_of::<mio::event::Event>() == size_of::<libc::epoll_event>());
const _: () = assert!(align_of::<mio::event::Event>() == align_of::<libc::epoll_event>());

fn mask(arming: Arming) -> u32 {
    let bit = |present, bits| if present { bits } else { 0 };
    let asked = |interest| arming.interest.contains(interest);
    // EPOLLEXCLUSIVE takes neither half-close nor priority (epoll_ctl(2)).
    let half_close = if arming.exclusive { 0 } else { libc::EPOLLRDHUP };
    let mask = bit(asked(Interest::READABLE), libc::EPOLLIN | half_close)
        | bit(asked(Interest::WRITABLE), libc::EPOLLOUT)
        | bit(asked(Interest::PRIORITY), libc::EPOLLPRI)
        | bit(asked(Interest::DISCONNECT), half_close)
        | bit(arming.trigger == Trigger::Edge, libc::EPOLLET)
        | bit(arming.oneshot, libc::EPOLLONESHOT)
        | bit(arming.exclusive, libc::EPOLLEXCLUSIVE);
    mask.cast_unsigned()
}

fn control(
    registry: &Registry,
    operation: libc::c_int,
    fd: RawFd,
    events: u32,
    token: mio::Token,
) -> io::Result<()> {
    let mut event = libc::epoll_event { events, u64: token.0 as u64 };
    // SAFETY: the registry's descriptor is open as long as the registry lives, the event outlives the call, and the kernel
    // checks `fd` and the mask.
    let result = unsafe { libc::epoll_ctl(registry.as_raw_fd(), operation, fd, ptr::from_mut(&mut event)) };
    check(result).map(|_| ())
}

pub(super) fn remove(registry: &Registry, fd: RawFd) -> io::Result<()> {
    control(registry, libc::EPOLL_CTL_DEL, fd, 0, mio::Token(0))
}

/// A descriptor with a mask that mio has no words for.
#[derive(Debug)]
pub(super) struct RawSource {
    fd: RawFd,
    arming: Arming,
    /// System calls made.
    pub(super) calls: u64,
}

impl RawSource {
    pub(super) fn new(fd: RawFd, arming: Arming) -> Self {
        Self { fd, arming, calls: 0 }
    }

    pub(super) fn add(&mut self, registry: &Registry, token: mio::Token) -> io::Result<()> {
        // mio's interest is not looked at: the mask is our own.
        self.register(registry, token, mio::Interest::READABLE)
    }

    pub(super) fn modify(&mut self, registry: &Registry, token: mio::Token, old: Arming) -> io::Result<()> {
        if self.arming.exclusive || old.exclusive {
            // The kernel modifies no exclusive entry (epoll_ctl(2)).
            self.calls += 1;
            remove(registry, self.fd)?;
            return self.add(registry, token);
        }
        self.reregister(registry, token, mio::Interest::READABLE)
    }
}

impl Source for RawSource {
    fn register(&mut self, registry: &Registry, token: mio::Token, _: mio::Interest) -> io::Result<()> {
        self.calls += 1;
        control(registry, libc::EPOLL_CTL_ADD, self.fd, mask(self.arming), token)
    }

    fn reregister(&mut self, registry: &Registry, token: mio::Token, _: mio::Interest) -> io::Result<()> {
        self.calls += 1;
        control(registry, libc::EPOLL_CTL_MOD, self.fd, mask(self.arming), token)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.calls += 1;
        remove(registry, self.fd)
    }
}

/// The mask of one event, as the kernel wrote it.
fn raw_mask(event: &mio::event::Event) -> u32 {
    let event = ptr::from_ref(event).cast::<libc::epoll_event>();
    // SAFETY: `mio::event::Event` is a transparent wrapper of mio's epoll event, which is libc's: same size and alignment
    // (asserted above), and the test `the_kernels_mask_is_read_through_mios_event` reads known masks back. The reference it
    // came from keeps it alive; the copy is plain data.
    let event = unsafe { event.read() };
    event.events
}

fn readiness(mask: u32) -> Readiness {
    let mask = mask.cast_signed();
    let bit = |bits, readiness| if mask & bits == 0 { Readiness::EMPTY } else { readiness };
    bit(libc::EPOLLIN, Readiness::READABLE)
        | bit(libc::EPOLLOUT, Readiness::WRITABLE)
        | bit(libc::EPOLLPRI, Readiness::PRIORITY)
        | bit(libc::EPOLLRDHUP, Readiness::READ_CLOSED)
        | bit(libc::EPOLLHUP, Readiness::HANGUP)
        | bit(libc::EPOLLERR, Readiness::ERROR)
}

/// Appends one event a record.
pub(super) fn decode(events: &mio::Events, found: &mut Vec<Event>) {
    found.extend(events.iter().map(|event| Event {
        token: Token::from_word(event.token().0 as u64),
        readiness: readiness(raw_mask(event)),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::net::UnixStream, time::Duration};

    fn wait(poll: &mut mio::Poll) -> io::Result<Vec<(usize, u32)>> {
        let mut events = mio::Events::with_capacity(8);
        poll.poll(&mut events, Some(Duration::ZERO))?;
        Ok(events.iter().map(|event| (event.token().0, raw_mask(event))).collect())
    }

    #[test]
    fn the_kernels_mask_is_read_through_mios_event() -> io::Result<()> {
        let mut poll = mio::Poll::new()?;
        let (left, right) = UnixStream::pair()?;
        let token = mio_word();
        let arming = Arming::level(Interest::WRITABLE | Interest::DISCONNECT);
        RawSource::new(left.as_raw_fd(), arming).add(poll.registry(), token)?;
        assert_eq!(wait(&mut poll)?, [(token.0, libc::EPOLLOUT.cast_unsigned())]);
        drop(right);
        // mio has no word for a bare EPOLLRDHUP, and calls EPOLLHUP closed in both directions: only the mask is exact.
        let all = libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLHUP;
        assert_eq!(wait(&mut poll)?, [(token.0, all.cast_unsigned())]);
        Ok(())
    }

    #[test]
    fn a_level_entry_of_ours_and_an_edge_entry_of_mios_share_one_wait() -> io::Result<()> {
        let mut poll = mio::Poll::new()?;
        let (left, right) = UnixStream::pair()?;
        RawSource::new(left.as_raw_fd(), Arming::level(Interest::WRITABLE))
            .add(poll.registry(), mio::Token(1))?;
        mio::unix::SourceFd(&right.as_raw_fd()).register(
            poll.registry(),
            mio_word(),
            mio::Interest::WRITABLE,
        )?;
        let out = libc::EPOLLOUT.cast_unsigned();
        let mut first = wait(&mut poll)?;
        first.sort_unstable();
        assert_eq!(first, [(1, out), (mio_word().0, out)]);
        assert_eq!(wait(&mut poll)?, [(1, out)]);
        Ok(())
    }

    /// All sixty-four bits in use: mio must pass on each of them.
    fn mio_word() -> mio::Token {
        mio::Token(0xdead_beef_1234_5678)
    }
}
