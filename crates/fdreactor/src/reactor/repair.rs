//! What to do about descriptors that were closed behind the reactor's back: stale registrations of a reused number, and
//! kernel entries that no number reaches any more.

use super::Reactor;
use crate::{
    blocking::Blocking,
    error::Result,
    event::Event,
    interest::Interest,
    readiness::Readiness,
    registry::{Entry, State},
    sys,
    token::Token,
    trigger::Arming,
};
use std::{
    os::fd::RawFd,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

/// How long to leave a set alone that holds an entry out of reach and cannot be replaced yet.
const REST: Duration = Duration::from_millis(10);

impl Reactor {
    /// Makes way for a new registration of `fd`, if the present one's descriptor was closed without our being told.
    pub(super) fn evict_stale(&mut self, token: Token, fd: RawFd, arming: Arming) -> Result<()> {
        let Some(&entry) = self.registry.get(token) else { return Ok(()) };
        let double = Err(self.refusal(libc::EEXIST));
        let mut probed = false;
        if !entry.selected {
            match self.same_file(&entry) {
                Ok(()) => return double,
                Err(error) if error.is_gone() => {}
                Err(error) => return Err(error),
            }
        } else if self.traits.refuses_doubles {
            // Only the kernel knows. The entry is added for a moment: what it reports then is stale and dropped.
            let probe = if arming.interest.is_empty() { Arming::oneshot(Interest::PRIORITY) } else { arming };
            match self.selector.add(fd, token, probe) {
                Ok(()) => probed = true,
                // What has this number now cannot be watched at all, so it is not what was.
                Err(error) if error.is_gone() || error.errno() == libc::EPERM => {}
                // Found there, or refused before anything was looked for, or nobody knows.
                Err(error) => return Err(error),
            }
        } else {
            return double;
        }
        self.registry.vacate(token);
        self.changed();
        if probed { self.selector.remove(fd) } else { Ok(()) }
    }

    /// Puts an exclusive entry back after its change failed: it is replaced and not changed, so it may be gone. If it is still
    /// there, this is refused. What cannot be put back would be deaf: it is closed.
    pub(super) fn put_back(&mut self, token: Token, entry: &Entry) {
        match self.selector.add(entry.fd, token, entry.arming) {
            Err(error) if error.errno() != libc::EEXIST => {
                self.registry.vacate(token);
                // Should it be there after all, it must not stay.
                let _ = self.selector.remove(entry.fd);
                self.changed();
            }
            _ => {}
        }
    }

    /// Has the next turn taken at once, whether or not the kernel has anything to report: somebody has something to tell.
    pub fn owe(&self) {
        self.owing.store(true, Ordering::Release);
        self.wake();
    }

    /// How long whoever takes the turns should leave the reactor alone before the next wait. `None`, as a rule.
    ///
    /// An entry that no number reaches reports again and again. While there is no room for a new set that is without it, each
    /// wait would end at once: this bounds what that costs, at the price of so much delay for everybody else.
    pub fn rest(&self) -> Option<Duration> {
        self.hampered.then_some(REST)
    }

    /// Takes the rest that is due out of a wait of `timeout`, and returns what is left of it.
    pub(super) fn rest_first(&self, timeout: Option<Duration>) -> Option<Duration> {
        let Some(rest) = self.rest() else { return timeout };
        let rest = timeout.map_or(rest, |timeout| timeout.min(rest));
        thread::sleep(rest);
        timeout.map(|timeout| timeout.saturating_sub(rest))
    }

    /// Puts into the selector a descriptor that no registration has in there.
    ///
    /// The kernel may have the pair of number and file all the same, if it was closed under a duplicate and the number has gone
    /// to a duplicate again: within reach once more, and nobody's.
    pub(super) fn select(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()> {
        match self.selector.add(fd, token, arming) {
            Err(error) if self.traits.refuses_doubles && error.errno() == libc::EEXIST => {
                // If even that fails, the second try says what is in the way.
                let _ = self.selector.remove(fd);
                self.selector.add(fd, token, arming)
            }
            outcome => outcome,
        }
    }

    /// Whether the number still stands for the file that it stood for when it left the selector.
    pub(super) fn same_file(&self, entry: &Entry) -> Result<()> {
        let now = sys::fd::identity(entry.fd)?;
        if entry.identity == Some(now) { Ok(()) } else { Err(self.refusal(libc::ENOENT)) }
    }

    /// Makes a new kernel set from the registry. What cannot be put in again is told invalid and closed.
    ///
    /// # Errors
    /// When there is no new set to be had, for want of descriptors, say: everything stays as it was.
    pub(super) fn rebuild(&mut self, batch: &mut [Event]) -> Result<()> {
        if !self.selector.rebuild(self.waker.fd(), Token::WAKER, Arming::level(Interest::READABLE))? {
            return Ok(());
        }
        self.stats.rebuilds += 1;
        for token in self.registry.tokens() {
            let Some(entry) = self.registry.get_mut(token) else { continue };
            if !entry.selected {
                continue;
            }
            let Entry { fd, arming, .. } = *entry;
            // A number that was closed and reused behind our back stands for a stranger, which the old set never had.
            if !self.selector.had(fd) {
                self.dismiss(token, batch);
            } else if entry.state == State::Disarmed {
                // Its one event is spent; the new set must not give another.
                entry.selected = false;
                entry.identity = sys::fd::identity(fd).ok();
            } else if self.selector.add(fd, token, arming).is_err() {
                self.dismiss(token, batch);
            }
        }
        let waiter = self.selector.waiter(self.batch_size);
        self.blocking = Some(Blocking::new(
            waiter,
            Arc::clone(&self.changes),
            Arc::clone(&self.waker),
            Arc::clone(&self.owing),
            Arc::clone(&self.idle_waits),
        ));
        self.changed();
        Ok(())
    }

    /// Closes a registration that no number reaches any more, and tells it so: with what the batch has for it, if it has.
    fn dismiss(&mut self, token: Token, batch: &mut [Event]) {
        self.registry.vacate(token);
        match batch.iter_mut().find(|event| event.token == token) {
            Some(event) => event.readiness |= Readiness::INVALID,
            None => self.owed.push(Event { token, readiness: Readiness::INVALID }),
        }
    }
}
