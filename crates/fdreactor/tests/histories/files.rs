//! The descriptors of a history: a few places, each a number of ours, and the open files behind them.
//!
//! Nothing is kept of what a file holds: poll(2) tells that. Kept is which numbers stand for which file, and which files were
//! touched, since only a touched file can give an edge.
#![expect(unsafe_code, reason = "numbers are closed and reused behind the reactor's back")]

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    fs::fstat,
    io::{Errno, read, write},
    net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, socketpair},
    pipe::{PipeFlags, pipe_with},
};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// How many places there are: few, so that things meet.
pub(crate) const PLACES: usize = 6;
/// The number of the first place: nothing else in this process gets that high.
const FLOOR: usize = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pair,
    Pipe,
    Eventfd,
}

/// Which open file, counted from the first of the history.
pub(crate) type FileId = usize;

/// What fstat(2) tells a file by.
pub(crate) type Identity = (u64, u64);

#[derive(Clone, Copy)]
struct File {
    kind: Kind,
    peer: Option<FileId>,
}

/// Something happened to a file that may be an edge.
#[derive(Clone, Copy)]
pub(crate) struct Touch {
    pub(crate) file: FileId,
    /// Data arrived, which is an edge also if there was some.
    pub(crate) arrived: bool,
}

#[derive(Default)]
pub(crate) struct Files {
    places: [Option<FileId>; PLACES],
    /// All that were ever opened.
    opened: Vec<File>,
    touched: Vec<Touch>,
}

/// The number of a place.
pub(crate) fn number(at: usize) -> RawFd {
    RawFd::try_from(FLOOR + at).unwrap()
}

/// The place's number, lent for one call.
fn lent(at: usize) -> BorrowedFd<'static> {
    // SAFETY: not -1, and used for one system call only, which says EBADF of a number that is not open.
    unsafe { BorrowedFd::borrow_raw(number(at)) }
}

fn put(from: RawFd, at: usize) {
    // SAFETY: the places' numbers are this module's own, whatever they stand for.
    let result = unsafe { libc::dup3(from, number(at), libc::O_CLOEXEC) };
    assert_eq!(result, number(at));
}

impl Files {
    /// What every history begins with: a pair at 0 and 1, a pipe from 3 to 2, an eventfd at 4, nothing at 5.
    pub(crate) fn new() -> Self {
        let mut files = Self::default();
        files.open(Kind::Pair, 0, 1);
        files.open(Kind::Pipe, 2, 3);
        files.open(Kind::Eventfd, 4, 5);
        files
    }

    pub(crate) fn open(&mut self, kind: Kind, at: usize, other: usize) {
        let ends: (OwnedFd, Option<OwnedFd>) = match kind {
            Kind::Pair => {
                let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
                let (one, two) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
                (one, Some(two))
            }
            Kind::Pipe => {
                let (reader, writer) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
                (reader, Some(writer))
            }
            Kind::Eventfd => (eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap(), None),
        };
        let first = self.opened.len();
        let has_peer = ends.1.is_some();
        self.opened.push(File { kind, peer: has_peer.then_some(first + 1) });
        put(ends.0.as_raw_fd(), at);
        self.assign(at, Some(first));
        if let Some(end) = ends.1 {
            self.opened.push(File { kind, peer: Some(first) });
            put(end.as_raw_fd(), other);
            self.assign(other, Some(first + 1));
        }
    }

    pub(crate) fn dup(&mut self, from: usize, to: usize) {
        if from != to && self.places[from].is_some() {
            put(number(from), to);
            self.assign(to, self.places[from]);
        }
    }

    pub(crate) fn close(&mut self, at: usize) {
        if self.places[at].is_some() {
            // SAFETY: the number is this module's own, and open.
            assert_eq!(unsafe { libc::close(number(at)) }, 0);
            self.assign(at, None);
        }
    }

    /// Gives a place another file. The one it had is closed with its last number, of which the peer hears.
    fn assign(&mut self, at: usize, file: Option<FileId>) {
        let before = std::mem::replace(&mut self.places[at], file);
        if let Some(before) = before.filter(|&file| self.place_of(file).is_none()) {
            self.touch(before, false);
        }
    }

    fn touch(&mut self, file: FileId, writes: bool) {
        self.touched.push(Touch { file, arrived: writes && self.opened[file].peer.is_none() });
        if let Some(peer) = self.opened[file].peer {
            // An older kernel tells of new data in a pipe only if it was empty.
            self.touched.push(Touch { file: peer, arrived: writes && self.opened[file].kind == Kind::Pair });
        }
    }

    pub(crate) fn write(&mut self, at: usize) {
        if let Some(file) = self.places[at] {
            let done = write(lent(at), &1_u64.to_ne_bytes()).is_ok();
            self.touch(file, done);
        }
    }

    pub(crate) fn read(&mut self, at: usize) {
        if let Some(file) = self.places[at] {
            let length = if self.opened[file].kind == Kind::Eventfd { 8 } else { 1 };
            // Whatever comes of it, poll(2) will tell.
            let _ = read(lent(at), &mut [0_u8; 8][..length]);
            self.touch(file, false);
        }
    }

    pub(crate) fn drain(&mut self, at: usize) {
        if let Some(file) = self.places[at] {
            let mut buffer = vec![0_u8; 1 << 16];
            // A reset is told once, and hides nothing.
            while !matches!(read(lent(at), &mut buffer), Ok(0) | Err(Errno::AGAIN | Errno::BADF)) {}
            self.touch(file, false);
        }
    }

    pub(crate) fn fill(&mut self, at: usize) {
        if let Some(file) = self.places[at] {
            let all = (u64::MAX - 1).to_ne_bytes();
            if self.opened[file].kind == Kind::Eventfd {
                self.read(at);
                write(lent(at), &all).unwrap();
            } else {
                let data = vec![0_u8; 1 << 16];
                while write(lent(at), &data).is_ok() {}
            }
            self.touch(file, false);
        }
    }

    pub(crate) fn shut(&mut self, at: usize, both: bool) {
        if let Some(file) = self.places[at] {
            // No socket, no shutdown.
            let _ = shutdown(lent(at), if both { Shutdown::Both } else { Shutdown::Write });
            self.touch(file, false);
        }
    }

    /// The file of a place, if it is open.
    pub(crate) fn file(&self, at: usize) -> Option<FileId> {
        self.places[at]
    }

    /// A place of a file, if it is still open.
    pub(crate) fn place_of(&self, file: FileId) -> Option<usize> {
        self.places.iter().position(|&place| place == Some(file))
    }

    /// What was touched since this was last asked.
    pub(crate) fn take_touched(&mut self) -> Vec<Touch> {
        std::mem::take(&mut self.touched)
    }

    pub(crate) fn identity(&self, at: usize) -> Option<Identity> {
        self.places[at]?;
        fstat(lent(at)).ok().map(|stat| (stat.st_dev, stat.st_ino))
    }
}

/// What poll(2) says of a place's number now.
pub(crate) fn poll_now(at: usize, mask: PollFlags) -> PollFlags {
    let place = lent(at);
    let mut asked = [PollFd::new(&place, mask)];
    poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap();
    asked[0].revents()
}

impl Drop for Files {
    fn drop(&mut self) {
        for at in 0..PLACES {
            self.close(at);
        }
    }
}
