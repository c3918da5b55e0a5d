//! The registrations, and the rules that are the same on every backend.

mod repair;
mod turn;

use crate::{
    backend::{Backend, Capabilities},
    blocking::Blocking,
    config::{Config, Stats},
    error::{Error, Result, Syscall},
    event::Event,
    interest::Interest,
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
    time::Instant,
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
    /// When the wait of the turn under way ended.
    began: Option<Instant>,
    stats: Stats,
    /// Waits elsewhere that a wake ended, with nothing to deliver.
    idle_waits: Arc<AtomicU64>,
    /// Changes of the kernel's set that making it took.
    first_changes: u64,
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
        let idle_waits = Arc::new(AtomicU64::new(0));
        let first_changes = selector.changes();
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
                Arc::clone(&idle_waits),
            )),
            blocked_elsewhere: false,
            changes,
            waker,
            found: Vec::with_capacity(batch_size),
            owed: Vec::new(),
            owing,
            hampered: false,
            began: None,
            stats: Stats::default(),
            idle_waits,
            first_changes,
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

    /// What it has done. The turn under way counts as far as it has come.
    pub fn stats(&self) -> Stats {
        Stats {
            waits: self.stats.waits + self.idle_waits.load(Ordering::Relaxed),
            changes: self.selector.changes() - self.first_changes,
            slowest_turn: self.slowest_turn(),
            ..self.stats
        }
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
        let _ = self.waker.ring();
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
