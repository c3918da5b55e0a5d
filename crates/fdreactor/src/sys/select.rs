//! select(2), with sets of any size.
//!
//! `fd_set` is a fixed array of `FD_SETSIZE` bits and `FD_SET` beyond it writes past its end (the classic fault). These sets
//! grow, so nothing is ever written outside them; whether numbers beyond `FD_SETSIZE` are allowed is the selector's decision.
#![expect(unsafe_code, reason = "select(2) takes pointers to bit sets")]

use super::check;
use std::{io, os::fd::RawFd, ptr, time::Duration};

const BITS: usize = usize::BITS as usize;

/// A set of descriptors in select's layout: bit `fd` of an array of C longs.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdSet(Vec<usize>);

// The words must be as wide as the C library's, and no set may be smaller than `fd_set`: the C library may copy a whole one.
const _: () = assert!(size_of::<usize>() == size_of::<libc::c_long>());
const FD_SET_WORDS: usize = size_of::<libc::fd_set>() / size_of::<usize>();

impl FdSet {
    #[allow(clippy::cast_sign_loss, reason = "the registry holds no negative descriptor")]
    fn place(fd: RawFd) -> (usize, usize) {
        (fd as usize / BITS, 1 << (fd as usize % BITS))
    }

    pub(crate) fn set(&mut self, fd: RawFd, present: bool) {
        let (word, bit) = Self::place(fd);
        if present {
            if self.0.len() <= word {
                self.0.resize((word + 1).max(FD_SET_WORDS), 0);
            }
            self.0[word] |= bit;
        } else if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
    }

    pub(crate) fn contains(&self, fd: RawFd) -> bool {
        let (word, bit) = Self::place(fd);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Overwrites this set with another, without giving up its memory.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }
}

/// The three sets of one call, which the kernel overwrites with what it found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sets {
    pub(crate) read: FdSet,
    pub(crate) write: FdSet,
    pub(crate) except: FdSet,
}

impl Sets {
    fn each(&mut self) -> [&mut FdSet; 3] {
        [&mut self.read, &mut self.write, &mut self.except]
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.read.copy_from(&other.read);
        self.write.copy_from(&other.write);
        self.except.copy_from(&other.except);
    }

    /// Takes `fd` out of all three.
    pub(crate) fn clear(&mut self, fd: RawFd) {
        for set in self.each() {
            set.set(fd, false);
        }
    }
}

/// Waits until a member of `sets` below `limit` is ready or `timeout` is over; `None` waits for ever.
///
/// On failure the sets' contents are undefined (select(2)).
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "clamped, or below a million")]
pub(crate) fn select(limit: RawFd, sets: &mut Sets, timeout: Option<Duration>) -> io::Result<usize> {
    let (words, _) = FdSet::place(limit);
    for set in sets.each() {
        if set.0.len() <= words {
            set.0.resize((words + 1).max(FD_SET_WORDS), 0);
        }
    }
    let mut time = timeout.map(|timeout| {
        let micros = timeout.as_nanos().div_ceil(1000).min(1_000_000 * 100_000_000);
        libc::timeval {
            tv_sec: (micros / 1_000_000) as libc::time_t,
            tv_usec: (micros % 1_000_000) as libc::suseconds_t,
        }
    });
    let time = time.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let [read, write, except] = sets.each().map(|set| set.0.as_mut_ptr().cast::<libc::fd_set>());
    // SAFETY: each set was made long enough for every bit below `limit`, and for a whole `fd_set`; the kernel reads and
    // writes no further. The sets and the timeout are exclusively ours and outlive the call.
    let ready = unsafe { libc::select(limit, read, write, except, time) };
    check(ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_exactly_what_was_put_in() {
        let mut set = FdSet::default();
        for fd in [0, 63, 64, 1023, 1024, 5000] {
            set.set(fd, true);
        }
        set.set(64, false);
        set.set(70_000, false);
        let held: Vec<RawFd> = (0..80_000).filter(|&fd| set.contains(fd)).collect();
        assert_eq!(held, [0, 63, 1023, 1024, 5000]);
    }
}
