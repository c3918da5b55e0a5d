//! select(2): a level-triggered scan up to the highest descriptor in each wait.

use super::{Selector, Traits, Waiter, deadline};
use crate::{
    backend::Capabilities,
    error::{Error, Result, Syscall},
    event::Event,
    interest::Interest,
    readiness::Readiness,
    sys::{
        self,
        select::{Sets, select},
    },
    token::Token,
    trigger::Arming,
};
use std::{
    collections::BTreeMap,
    io,
    os::fd::RawFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "1,024")]
const FD_SETSIZE: RawFd = libc::FD_SETSIZE as RawFd;

/// How often in a row select may say `EBADF` of nothing that is closed.
const PUZZLES: u32 = 8;

/// What is watched. The waiter copies it when its version has moved.
#[derive(Debug, Default)]
struct Set {
    version: u64,
    sets: Sets,
    /// In the order of their numbers, as select scans them; the last is the highest.
    tokens: BTreeMap<RawFd, Token>,
}

type Shared = Arc<Mutex<Set>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Set> {
    // Nothing panics while it holds the lock, and if something did, the set is still whole.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(super) struct SelectSelector {
    set: Shared,
    unbounded: bool,
}

impl SelectSelector {
    pub(super) fn new(unbounded: bool) -> Self {
        // Apple's select fails with EINVAL beyond FD_SETSIZE, whatever the size of the sets.
        Self { set: Shared::default(), unbounded: unbounded && !cfg!(target_vendor = "apple") }
    }

    fn put(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()> {
        if !self.unbounded && fd >= FD_SETSIZE {
            return Err(Error::FdLimit);
        }
        sys::fd::probe(fd)?;
        let set = &mut *lock(&self.set);
        set.sets.read.set(fd, arming.interest.contains(Interest::READABLE));
        set.sets.write.set(fd, arming.interest.contains(Interest::WRITABLE));
        set.sets.except.set(fd, arming.interest.contains(Interest::PRIORITY));
        set.tokens.insert(fd, token);
        set.version += 1;
        Ok(())
    }
}

impl Selector for SelectSelector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            edge: false,
            oneshot: true,
            priority: true,
            exclusive: false,
            disconnect: false,
            max_fd: if self.unbounded { None } else { Some(FD_SETSIZE - 1) },
        }
    }

    fn traits(&self) -> Traits {
        Traits { refuses_doubles: false, kernel_oneshot: false, live: false }
    }

    fn add(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()> {
        self.put(fd, token, arming)
    }

    fn modify(&mut self, fd: RawFd, token: Token, arming: Arming, _old: Arming) -> Result<()> {
        self.put(fd, token, arming)
    }

    fn remove(&mut self, fd: RawFd) -> Result<()> {
        let mut set = lock(&self.set);
        set.sets.clear(fd);
        set.tokens.remove(&fd);
        set.version += 1;
        Ok(())
    }

    fn waiter(&mut self, limit: usize) -> Box<dyn Waiter> {
        Box::new(SelectWaiter {
            set: Arc::clone(&self.set),
            version: u64::MAX,
            asked: Sets::default(),
            result: Sets::default(),
            tokens: Vec::new(),
            limit,
            first: 0,
            puzzles: 0,
        })
    }

    fn rebuild(&mut self, _kept: RawFd, _token: Token, _arming: Arming) -> Result<bool> {
        Ok(false)
    }

    fn had(&self, _fd: RawFd) -> bool {
        true
    }

    fn fd(&self) -> Option<RawFd> {
        None
    }
}

#[derive(Debug)]
struct SelectWaiter {
    set: Shared,
    version: u64,
    asked: Sets,
    result: Sets,
    tokens: Vec<(RawFd, Token)>,
    limit: usize,
    /// The descriptor from which the next scan of the results begins, so that a limit starves nobody.
    first: RawFd,
    /// How often the call has failed because of a closed descriptor, and none was found.
    puzzles: u32,
}

impl SelectWaiter {
    /// One call that leaves what is ready in `result`. A closed descriptor fails the whole call: then they are searched,
    /// told, left out, and the rest is asked again without waiting.
    fn select(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> io::Result<usize> {
        let limit = self.tokens.last().map_or(0, |&(fd, _)| fd + 1);
        self.result.copy_from(&self.asked);
        match select(limit, &mut self.result, timeout) {
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                let before = self.tokens.len();
                let Self { tokens, asked, version, limit, .. } = self;
                tokens.retain(|&(fd, token)| {
                    let open = !sys::fd::probe(fd).is_err_and(Error::is_gone);
                    if !open {
                        asked.clear(fd);
                        // What the limit leaves out is found again by the next wait, from a fresh copy.
                        if found.len() < *limit {
                            found.push(Event { token, readiness: Readiness::INVALID });
                        }
                    }
                    open
                });
                // The copy is no longer what the selector holds.
                *version = u64::MAX;
                if self.tokens.len() == before {
                    // Opened again meanwhile: ask once more, as after a signal. But not for ever.
                    self.puzzles += 1;
                    return Err(if self.puzzles < PUZZLES {
                        io::ErrorKind::Interrupted.into()
                    } else {
                        error
                    });
                }
                self.select(Some(Duration::ZERO), found)
            }
            outcome => {
                self.puzzles = 0;
                outcome
            }
        }
    }

    fn collect(&mut self, ready: usize, found: &mut Vec<Event>) {
        let start = self.tokens.partition_point(|&(fd, _)| fd < self.first);
        let (before, after) = self.tokens.split_at(start);
        let mut left = if ready == 0 { 0 } else { self.limit.saturating_sub(found.len()) };
        for &(fd, token) in after.iter().chain(before) {
            if left == 0 {
                self.first = fd;
                return;
            }
            let bit = |present, readiness| if present { readiness } else { Readiness::EMPTY };
            let readiness = bit(self.result.read.contains(fd), Readiness::READABLE)
                | bit(self.result.write.contains(fd), Readiness::WRITABLE)
                | bit(self.result.except.contains(fd), Readiness::PRIORITY);
            if !readiness.is_empty() {
                found.push(Event { token, readiness });
                left -= 1;
            }
        }
    }
}

impl Waiter for SelectWaiter {
    fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> Result<()> {
        let set = lock(&self.set);
        if self.version != set.version {
            self.version = set.version;
            self.asked.copy_from(&set.sets);
            self.tokens.clear();
            self.tokens.extend(set.tokens.iter().map(|(&fd, &token)| (fd, token)));
        }
        drop(set);

        let mut ready = 0;
        deadline::until(timeout, Syscall::Select, |left| {
            ready = self.select(left, found)?;
            Ok(ready + found.len())
        })?;
        self.collect(ready, found);
        Ok(())
    }
}
