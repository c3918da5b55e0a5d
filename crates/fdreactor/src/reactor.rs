//! The turn, and the rules that are the same on every backend: what is stale, what is parked, what falls silent.

mod repair;

use crate::{
    backend::{Backend, Capabilities},
    blocking::{Blocking, Waited},
    config::{Config, Stats},
    error::{Error, Result, Syscall},
    event::Event,
    interest::Interest,
    readiness::Readiness,
    registry::{Entry, Registry, State},
    selector::{self, Selector, Traits},
    sys,
    token::Token,
    trigger::{Arming, Trigger},
    waker::Waker,
};
use std::{
    os::fd::RawFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// A set of registrations and the backend that watches them. It belongs to one thread at a time.
pub struct Reactor {
    backend: Backend,
    registry: Registry,
    selector: Box<dyn Selector>,
    traits: Traits,
    batch_size: usize,
    blocking: Option<Blocking>,
    /// Whether a waiter may be blocking elsewhere just now, so that changes must wake it.
    blocked_elsewhere: bool,
    changes: Arc<AtomicU64>,
    waker: Arc<Waker>,
    found: Vec<Event>,
    /// Events of our own making that the batch had no room for.
    owed: Vec<Event>,
    /// Whether there are any, for the half that blocks.
    owing: Arc<AtomicBool>,
    /// Whether the last turn found an entry out of reach and could not get rid of it: the next one will find it again.
    hampered: bool,
    stats: Stats,
}

impl Reactor {
    /// Makes a reactor with nothing registered.
    ///
    /// # Errors
    /// [`Error::BackendUnsupported`]; [`Error::FdLimit`] if select's own descriptor would already be too high; `EMFILE` and
    /// its like.
    pub fn new(config: &Config) -> Result<Self> {
        let mut selector = selector::open(config.backend, config.unbounded_select)?;
        let waker = Arc::new(Waker::new()?);
        selector.add(waker.fd(), Token::WAKER, Arming::level(Interest::READABLE))?;
        let batch_size = config.batch_size.max(1);
        let changes = Arc::new(AtomicU64::new(0));
        let owing = Arc::new(AtomicBool::new(false));
        let waiter = selector.waiter(batch_size);
        Ok(Self {
            backend: config.backend,
            registry: Registry::default(),
            traits: selector.traits(),
            selector,
            batch_size,
            blocking: Some(Blocking::new(
                waiter,
                Arc::clone(&changes),
                Arc::clone(&waker),
                Arc::clone(&owing),
            )),
            blocked_elsewhere: false,
            changes,
            waker,
            found: Vec::with_capacity(batch_size),
            owed: Vec::new(),
            owing,
            hampered: false,
            stats: Stats::default(),
        })
    }

    /// Which backend watches.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// What the backend can do.
    pub fn capabilities(&self) -> Capabilities {
        self.selector.capabilities()
    }

    /// The epoll or kqueue descriptor, readable while a turn would find something. It changes when the set is rebuilt.
    pub fn fd(&self) -> Option<RawFd> {
        self.selector.fd()
    }

    /// How many registrations are open, whatever their state.
    pub fn len(&self) -> usize {
        self.registry.len()
    }

    /// Whether nothing is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it has done.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Something that ends a wait from any thread.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// The registration of `fd`.
    ///
    /// # Errors
    /// `ENOENT` if it has none.
    pub fn find(&self, fd: RawFd) -> Result<Token> {
        self.registry.find(fd).ok_or_else(|| self.refusal(libc::ENOENT))
    }

    /// Where a registration stands; `None` once it is closed, or if the token is not its newest.
    pub fn state(&self, token: Token) -> Option<State> {
        self.registry.get(token).map(|entry| entry.state)
    }

    /// Registers a descriptor, which stays its owner's: no flag of it is changed, and it is never closed here.
    ///
    /// # Errors
    /// `EBADF` for a number that is not open; `EEXIST` if this reactor has it already; `EPERM` for what epoll and kqueue
    /// cannot watch (regular files and directories; epoll also `/dev/null`); [`Error::TriggerUnsupported`],
    /// [`Error::InterestUnsupported`] and [`Error::FdLimit`] by the backend's [`Capabilities`].
    pub fn register(&mut self, fd: RawFd, arming: Arming) -> Result<Token> {
        self.check(arming)?;
        if fd < 0 {
            return Err(self.refusal(libc::EBADF));
        }
        if self.selector.capabilities().max_fd.is_some_and(|max| fd > max) {
            return Err(Error::FdLimit);
        }
        if let Some(token) = self.registry.find(fd) {
            self.evict_stale(token, fd, arming)?;
        }
        let paused = arming.interest.is_empty();
        let entry = Entry {
            fd,
            arming,
            state: if paused { State::Paused } else { State::Armed },
            selected: !paused,
            identity: if paused { Some(sys::fd::identity(fd)?) } else { None },
        };
        let token = self.registry.insert(entry);
        if !paused && let Err(error) = self.select(fd, token, arming) {
            self.registry.vacate(token);
            return Err(error);
        }
        self.changed();
        Ok(token)
    }

    /// Replaces what a registration asks for, and arms it anew whatever its state: if the descriptor is ready, an event
    /// follows. Events found before are dropped. Returns the token that stands for it from now on.
    ///
    /// # Errors
    /// As [`register`](Self::register); then the registration stays as it was. [`Error::Closed`] for a stale token.
    /// `EBADF` or `ENOENT` if the descriptor was closed meanwhile or its number reused: then the registration is closed.
    pub fn modify(&mut self, token: Token, arming: Arming) -> Result<Token> {
        self.check(arming)?;
        let state = if arming.interest.is_empty() { State::Paused } else { State::Armed };
        self.change(token, arming, state)
    }

    /// Takes a registration out of the kernel's set and keeps what it asks for.
    ///
    /// # Errors
    /// As [`modify`](Self::modify).
    pub fn pause(&mut self, token: Token) -> Result<Token> {
        let entry = self.registry.get(token).ok_or(Error::Closed)?;
        self.change(token, entry.arming, State::Paused)
    }

    /// Ends a pause by arming anew, a oneshot too that had fired before it was paused: its event may have been dropped by
    /// the pause. A registration that is not paused is left alone.
    ///
    /// # Errors
    /// As [`modify`](Self::modify).
    pub fn resume(&mut self, token: Token) -> Result<Token> {
        let entry = self.registry.get(token).ok_or(Error::Closed)?;
        if entry.state == State::Paused { self.rearm(token) } else { Ok(token) }
    }

    /// Arms a registration anew with what it asks for: after a oneshot event, when parked, or to hear once more of
    /// readiness that an edge has told already.
    ///
    /// # Errors
    /// As [`modify`](Self::modify).
    pub fn rearm(&mut self, token: Token) -> Result<Token> {
        let entry = self.registry.get(token).ok_or(Error::Closed)?;
        let arming = entry.arming;
        self.modify(token, arming)
    }

    /// Closes a registration. It is gone whatever the result; the descriptor stays open.
    ///
    /// # Errors
    /// [`Error::Closed`] for a stale token; what the kernel said when it was told (`EBADF`, `ENOENT`: the descriptor had
    /// been closed before).
    pub fn deregister(&mut self, token: Token) -> Result<()> {
        let entry = self.registry.vacate(token).ok_or(Error::Closed)?;
        let outcome = if entry.selected { self.selector.remove(entry.fd) } else { Ok(()) };
        self.changed();
        outcome
    }

    /// One turn: waits for at most `timeout` (`None`: for ever) and leaves in `batch` at most one event per registration
    /// and at most as many as the batch size. Returns whether it was woken.
    ///
    /// # Errors
    /// What the system says of the wait, save `EINTR`; [`Error::Closed`] while the blocking half is lent.
    pub fn turn(&mut self, timeout: Option<Duration>, batch: &mut Vec<Event>) -> Result<bool> {
        let timeout = self.rest_first(timeout);
        let mut found = std::mem::take(&mut self.found);
        let outcome = match &mut self.blocking {
            Some(blocking) => blocking.wait(timeout, &mut found),
            None => Err(Error::Closed),
        };
        let outcome = outcome.map(|waited| {
            self.deliver(&found, waited, batch);
            waited.woken
        });
        self.found = found;
        outcome
    }

    /// Lends the half that blocks to another thread. There is one to lend at first, and another after each rebuild, which
    /// replaces the one lent before.
    pub fn lend(&mut self) -> Option<Blocking> {
        self.blocking.take()
    }

    /// Says whether the borrower may be blocking now. While it may, a change wakes it if its wait would not see it.
    pub fn set_blocked_elsewhere(&mut self, blocked: bool) {
        self.blocked_elsewhere = blocked;
    }

    /// Turns what a wait found into a batch: drops what is stale, disarms oneshots, parks what can only hang up.
    ///
    /// If nothing changed since the wait began, a stale token can only come from an entry that no number reaches any more,
    /// and the kernel's set is rebuilt.
    ///
    /// If that fails, [`rest`](Self::rest) says so, and a later turn tries again.
    pub fn deliver(&mut self, found: &[Event], waited: Waited, batch: &mut Vec<Event>) {
        batch.clear();
        self.stats.waits += 1;
        let unchanged = waited.changes() == self.changes.load(Ordering::Acquire);
        let mut out_of_reach = false;
        for &event in found {
            // One that has left the selector is heard of only if it could not be taken out: its descriptor was closed under a
            // duplicate, and no new set could be had yet.
            if self.registry.get(event.token).is_none_or(|entry| !entry.selected) {
                self.stats.stale += 1;
                out_of_reach |= unchanged;
            } else {
                out_of_reach |= self.settle(event);
                batch.push(event);
            }
        }
        self.hampered = out_of_reach && self.rebuild(batch).is_err();
        let room = self.batch_size.saturating_sub(batch.len()).min(self.owed.len());
        batch.extend(self.owed.drain(..room));
        self.stats.events += batch.len() as u64;
        self.owing.store(false, Ordering::Release);
        if !self.owed.is_empty() {
            self.owe();
        }
    }

    /// Applies to a registration what its event entails. Returns whether the kernel's entry could not be taken out, so that only a new set gets rid of it.
    fn settle(&mut self, event: Event) -> bool {
        let Event { token, readiness } = event;
        if readiness.contains(Readiness::INVALID) {
            if let Some(entry) = self.registry.vacate(token) {
                // Nothing is lost if it fails: the descriptor is gone.
                let _ = self.selector.remove(entry.fd);
                self.changed();
            }
            return false;
        }
        let kernel_oneshot = self.traits.kernel_oneshot;
        let Some(entry) = self.registry.get_mut(token) else { return false };
        let over = Readiness::HANGUP | Readiness::ERROR | Readiness::READ_CLOSED | Readiness::WRITE_CLOSED;
        // It was asked for and can be acted upon: files of /proc and /sys tell it with an error beside it, each time.
        let urgent =
            entry.arming.interest.contains(Interest::PRIORITY) && readiness.contains(Readiness::PRIORITY);
        let withdraw = if entry.arming.oneshot {
            entry.state = State::Disarmed;
            !kernel_oneshot
        } else if !entry.arming.interest.moves_data() && readiness.intersects(over) && !urgent {
            entry.state = State::Parked;
            self.stats.parked += 1;
            true
        } else {
            false
        };
        if !withdraw {
            return false;
        }
        entry.selected = false;
        // Asked before: if the number stands for another file by now, taking it out fails.
        let identity = sys::fd::identity(entry.fd).ok();
        let removed = self.selector.remove(entry.fd).is_ok();
        entry.identity = if removed { identity } else { None };
        self.changes.fetch_add(1, Ordering::AcqRel);
        !removed
    }

    /// Moves a registration to `arming` and `state`.
    fn change(&mut self, token: Token, arming: Arming, state: State) -> Result<Token> {
        let entry = *self.registry.get(token).ok_or(Error::Closed)?;
        let next = Registry::successor(token);
        let select = state == State::Armed;
        let fd = entry.fd;
        let mut identity = entry.identity;
        let outcome = match (entry.selected, select) {
            (true, true) => self.selector.modify(fd, next, arming, entry.arming),
            (true, false) => sys::fd::identity(fd).and_then(|now| {
                identity = Some(now);
                self.selector.remove(fd)
            }),
            (false, true) => self.same_file(&entry).and_then(|()| self.select(fd, next, arming)),
            (false, false) => Ok(()),
        };
        if let Err(error) = outcome {
            if error.is_gone() {
                self.registry.vacate(token);
                // It may still be in the set under a duplicate; poll and select hold plain numbers.
                let _ = self.selector.remove(fd);
                self.changed();
            } else if entry.selected && select && (entry.arming.exclusive || arming.exclusive) {
                self.put_back(token, &entry);
            }
            return Err(error);
        }
        let token = self.registry.advance(token.slot());
        if let Some(entry) = self.registry.get_mut(token) {
            *entry = Entry { fd, arming, state, selected: select, identity };
        }
        self.changed();
        Ok(token)
    }

    /// Refuses what the backend cannot do.
    fn check(&self, arming: Arming) -> Result<()> {
        let can = self.selector.capabilities();
        if arming.trigger == Trigger::Edge && !can.edge {
            return Err(Error::TriggerUnsupported(self.backend));
        }
        let lost = Interest::PRIORITY | Interest::DISCONNECT;
        if arming.interest.contains(Interest::PRIORITY) && !can.priority
            || arming.exclusive && (!can.exclusive || arming.oneshot || arming.interest.intersects(lost))
        {
            return Err(Error::InterestUnsupported(self.backend));
        }
        Ok(())
    }

    fn changed(&mut self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        if self.blocked_elsewhere && !self.traits.live {
            self.wake();
        }
    }

    fn wake(&self) {
        // Nobody to tell: the next change, or the next wake, tries again.
        let _ = self.waker.wake();
    }

    /// An error that the reactor finds before the kernel would, in the kernel's words.
    fn refusal(&self, errno: i32) -> Error {
        let syscall = match self.backend {
            Backend::Epoll => Syscall::EpollCtl,
            Backend::Kqueue => Syscall::Kevent,
            Backend::Poll => Syscall::Poll,
            Backend::Select => Syscall::Select,
        };
        Error::System { syscall, errno }
    }
}
