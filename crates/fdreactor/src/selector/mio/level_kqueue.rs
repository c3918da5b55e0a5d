//! Level, oneshot and disconnect on mio's kqueue, and the kernel's own filters.
//!
//! As with epoll, this leans on mio 1.2: a `Registry` is the kqueue descriptor, a `Token` is an event's `udata`, and an
//! `Event` is the `kevent` itself.
#![expect(unsafe_code, reason = "kevent(2), and reading the filter that mio keeps to itself")]

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
    collections::HashMap,
    io, mem,
    os::fd::{AsRawFd, RawFd},
    ptr,
};

pub(super) const CREATE: Syscall = Syscall::Kqueue;
pub(super) const CONTROL: Syscall = Syscall::Kevent;
pub(super) const WAIT: Syscall = Syscall::Kevent;

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    edge: true,
    oneshot: true,
    priority: false,
    exclusive: false,
    disconnect: true,
    max_fd: None,
};
/// Regular files and directories, and then says nothing at their end: they are refused as epoll refuses them.
pub(super) const TAKES_FILES: bool = true;
// A filter added twice is modified, without a word. A oneshot filter knows nothing of the other one of its descriptor, so the
// reactor disarms both.
pub(super) const TRAITS: Traits = Traits { refuses_doubles: false, kernel_oneshot: false, live: true };

const _: () = assert!(size_of::<mio::event::Event>() == size_of::<libc::kevent>());
const _: () = assert!(align_of::<mio::event::Event>() == align_of::<libc::kevent>());

/// A field whose type differs between the systems.
macro_rules! field {
    ($value:expr) => {
        $value as _
    };
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    reason = "the fields have other widths on each system; every value fits all of them"
)]
fn filter(fd: RawFd, filter: i16, flags: u16, token: mio::Token) -> libc::kevent {
    // SAFETY: `kevent` is plain integers and a pointer that the kernel only hands back: all zeros is a value of it.
    let mut change: libc::kevent = unsafe { mem::zeroed() };
    change.ident = field!(fd);
    change.filter = field!(filter);
    change.flags = field!(flags);
    change.udata = ptr::without_provenance_mut(token.0);
    change
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::unnecessary_cast,
    reason = "two changes, small numbers"
)]
fn apply(registry: &Registry, mut changes: [libc::kevent; 2], ignored: &[i32]) -> io::Result<()> {
    let length = field!(changes.len());
    let events = changes.as_mut_ptr();
    // SAFETY: both lists are the same array of two, which the kernel may fill in place (EV_RECEIPT); it outlives the call,
    // and a null timeout with receipts for every change does not block.
    let result = unsafe { libc::kevent(registry.as_raw_fd(), events, length, events, length, ptr::null()) };
    match check(result) {
        // Every change has been applied by then (kqueue(2)).
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
        outcome => outcome?,
    };
    for change in &changes {
        let (flags, errno) = (change.flags as u16, change.data as i32);
        if flags & libc::EV_ERROR as u16 != 0 && errno != 0 && !ignored.contains(&errno) {
            return Err(io::Error::from_raw_os_error(errno));
        }
    }
    Ok(())
}

/// The two filters as `arming` wants them, each added or deleted.
fn changes(fd: RawFd, arming: Arming, token: mio::Token) -> [libc::kevent; 2] {
    const ADD: u16 = libc::EV_ADD | libc::EV_RECEIPT;
    const DELETE: u16 = libc::EV_DELETE | libc::EV_RECEIPT;
    let clear = if arming.trigger == Trigger::Edge { libc::EV_CLEAR } else { 0 };
    let asked = |interest| arming.interest.contains(interest);
    let one = |wanted, which| filter(fd, which, if wanted { ADD | clear } else { DELETE }, token);
    let mut read = one(asked(Interest::READABLE), libc::EVFILT_READ);
    if asked(Interest::DISCONNECT) && !asked(Interest::READABLE) {
        // A low-water mark that no data reaches: only the end of the stream passes it.
        read = filter(fd, libc::EVFILT_READ, ADD | libc::EV_CLEAR, token);
        read.fflags = field!(libc::NOTE_LOWAT);
        read.data = field!(i32::MAX);
    }
    [read, one(asked(Interest::WRITABLE), libc::EVFILT_WRITE)]
}

pub(super) fn remove(registry: &Registry, fd: RawFd) -> io::Result<()> {
    apply(registry, changes(fd, Arming::default(), mio::Token(0)), &[libc::ENOENT])
}

/// A descriptor with filters that mio has no words for.
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
        // mio's interest is not looked at: the filters are our own.
        self.register(registry, token, mio::Interest::READABLE)
    }

    pub(super) fn modify(&mut self, registry: &Registry, token: mio::Token, _old: Arming) -> io::Result<()> {
        self.reregister(registry, token, mio::Interest::READABLE)
    }
}

impl Source for RawSource {
    fn register(&mut self, registry: &Registry, token: mio::Token, _: mio::Interest) -> io::Result<()> {
        self.calls += 1;
        // ENOENT: the filter that is not wanted was not there. EPIPE: the other end of a pipe is gone, which is reported all
        // the same.
        apply(registry, changes(self.fd, self.arming, token), &[libc::ENOENT, libc::EPIPE])
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: mio::Token,
        interest: mio::Interest,
    ) -> io::Result<()> {
        // Deleted first: a filter that is added again keeps EV_CLEAR as it was, and reports nothing anew.
        self.calls += 1;
        remove(registry, self.fd)?;
        self.register(registry, token, interest)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.calls += 1;
        remove(registry, self.fd)
    }
}

fn raw(event: &mio::event::Event) -> libc::kevent {
    let event = ptr::from_ref(event).cast::<libc::kevent>();
    // SAFETY: `mio::event::Event` is a transparent wrapper of mio's kqueue event, which is libc's: same size and alignment
    // (asserted above). The reference it came from keeps it alive; the copy is plain data.
    unsafe { event.read_unaligned() }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::unnecessary_cast,
    reason = "see filter()"
)]
fn readiness(event: &libc::kevent) -> Readiness {
    let bit = |present, readiness| if present { readiness } else { Readiness::EMPTY };
    let flags = event.flags as u16;
    let end = flags & libc::EV_EOF as u16 != 0;
    // At the end of a stream, `fflags` holds the socket's error.
    let error = bit(flags & libc::EV_ERROR as u16 != 0 || end && event.fflags != 0, Readiness::ERROR);
    if event.filter as i16 == libc::EVFILT_WRITE as i16 {
        // The write filter's end is no end of reading.
        error | Readiness::WRITABLE | bit(end, Readiness::WRITE_CLOSED)
    } else {
        error | Readiness::READABLE | bit(end, Readiness::READ_CLOSED)
    }
}

/// Appends one event a token: kqueue reports reading and writing apart.
pub(super) fn decode(events: &mio::Events, found: &mut Vec<Event>) {
    let mut places: HashMap<usize, usize> = HashMap::new();
    let both = Readiness::READ_CLOSED | Readiness::WRITE_CLOSED;
    for event in events {
        let word = event.token().0;
        let place = *places.entry(word).or_insert(found.len());
        if place == found.len() {
            found.push(Event { token: Token::from_word(word as u64), readiness: Readiness::EMPTY });
        }
        let merged = &mut found[place].readiness;
        *merged |= readiness(&raw(event));
        if merged.contains(both) {
            *merged |= Readiness::HANGUP;
        }
    }
}
