//! poll(2): a level-triggered scan of every descriptor in each wait.

use super::{Selector, Traits, Waiter, deadline};
use crate::{
    backend::Capabilities,
    error::{Result, Syscall},
    event::Event,
    interest::Interest,
    readiness::Readiness,
    sys,
    token::Token,
    trigger::Arming,
};
use std::{
    collections::HashMap,
    os::fd::RawFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
const POLLRDHUP: libc::c_short = libc::POLLRDHUP;
/// poll(2) has no half-close of its own here: it shows as readable.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
const POLLRDHUP: libc::c_short = 0;

fn request(interest: Interest) -> libc::c_short {
    let bit = |asked, bits| if interest.contains(asked) { bits } else { 0 };
    bit(Interest::READABLE, libc::POLLIN | POLLRDHUP)
        | bit(Interest::WRITABLE, libc::POLLOUT)
        | bit(Interest::PRIORITY, libc::POLLPRI)
        | bit(Interest::DISCONNECT, POLLRDHUP)
}

fn decode(found: libc::c_short) -> Readiness {
    let bit = |bits, readiness| if found & bits == 0 { Readiness::EMPTY } else { readiness };
    bit(libc::POLLIN, Readiness::READABLE)
        | bit(libc::POLLOUT, Readiness::WRITABLE)
        | bit(libc::POLLPRI, Readiness::PRIORITY)
        | bit(POLLRDHUP, Readiness::READ_CLOSED)
        | bit(libc::POLLHUP, Readiness::HANGUP)
        | bit(libc::POLLERR, Readiness::ERROR)
        | bit(libc::POLLNVAL, Readiness::INVALID)
}

/// What is watched. The waiter copies it when its version has moved.
#[derive(Debug, Default)]
struct Set {
    version: u64,
    fds: Vec<libc::pollfd>,
    tokens: Vec<Token>,
}

type Shared = Arc<Mutex<Set>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Set> {
    // Nothing panics while it holds the lock, and if something did, the set is still whole.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(super) struct PollSelector {
    set: Shared,
    places: HashMap<RawFd, usize>,
}

impl Selector for PollSelector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            edge: false,
            oneshot: true,
            priority: true,
            exclusive: false,
            disconnect: POLLRDHUP != 0,
            max_fd: None,
        }
    }

    fn traits(&self) -> Traits {
        Traits { refuses_doubles: false, kernel_oneshot: false, live: false }
    }

    fn add(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()> {
        sys::fd::probe(fd)?;
        let mut set = lock(&self.set);
        self.places.insert(fd, set.fds.len());
        set.fds.push(libc::pollfd { fd, events: request(arming.interest), revents: 0 });
        set.tokens.push(token);
        set.version += 1;
        Ok(())
    }

    fn modify(&mut self, fd: RawFd, token: Token, arming: Arming, _old: Arming) -> Result<()> {
        sys::fd::probe(fd)?;
        if let Some(&place) = self.places.get(&fd) {
            let mut set = lock(&self.set);
            set.fds[place].events = request(arming.interest);
            set.tokens[place] = token;
            set.version += 1;
        }
        Ok(())
    }

    fn remove(&mut self, fd: RawFd) -> Result<()> {
        if let Some(place) = self.places.remove(&fd) {
            let mut set = lock(&self.set);
            set.fds.swap_remove(place);
            set.tokens.swap_remove(place);
            set.version += 1;
            if let Some(moved) = set.fds.get(place) {
                self.places.insert(moved.fd, place);
            }
        }
        Ok(())
    }

    fn waiter(&mut self, limit: usize) -> Box<dyn Waiter> {
        Box::new(PollWaiter {
            set: Arc::clone(&self.set),
            copy: Set { version: u64::MAX, ..Set::default() },
            limit,
            first: 0,
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
struct PollWaiter {
    set: Shared,
    copy: Set,
    limit: usize,
    /// Where the next scan of the results begins, so that a limit starves nobody.
    first: usize,
}

impl Waiter for PollWaiter {
    fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> Result<()> {
        let set = lock(&self.set);
        if self.copy.version != set.version {
            self.copy.version = set.version;
            self.copy.fds.clone_from(&set.fds);
            self.copy.tokens.clone_from(&set.tokens);
        }
        drop(set);

        let Self { copy: Set { fds, tokens, .. }, limit, first, .. } = self;
        let mut ready = 0;
        deadline::until(timeout, Syscall::Poll, |left| {
            ready = sys::poll::poll(fds, left)?;
            Ok(ready)
        })?;
        let count = fds.len();
        let mut left = ready.min(*limit);
        for step in 0..count {
            if left == 0 {
                break;
            }
            let place = (*first + step) % count;
            let readiness = decode(fds[place].revents);
            if !readiness.is_empty() {
                found.push(Event { token: tokens[place], readiness });
                left -= 1;
                if left == 0 && ready > *limit {
                    *first = place + 1;
                    break;
                }
            }
        }
        Ok(())
    }
}
