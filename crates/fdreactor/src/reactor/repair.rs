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
use std::{os::fd::RawFd, sync::Arc};

impl Reactor {
    /// Makes way for a new registration of `fd`, if the present one's descriptor was closed without our being told.
    pub(super) fn evict_stale(&mut self, token: Token, fd: RawFd, arming: Arming) -> Result<()> {
        let Some(&entry) = self.registry.get(token) else { return Ok(()) };
        let double = Err(self.refusal(libc::EEXIST));
        if !entry.selected {
            if self.same_file(&entry).is_ok() {
                return double;
            }
        } else if self.traits.refuses_doubles {
            // Only the kernel knows. The entry is added for a moment: what it reports then is stale and dropped.
            let probe = if arming.interest.is_empty() { Arming::oneshot(Interest::PRIORITY) } else { arming };
            match self.selector.add(fd, token, probe) {
                Ok(()) => self.selector.remove(fd)?,
                // Found there, or refused before anything was looked for.
                Err(error) if matches!(error.errno(), libc::EEXIST | libc::EINVAL) => return Err(error),
                // What has this number now cannot be watched at all, so it is not what was.
                Err(_) => {}
            }
        } else {
            return double;
        }
        self.registry.vacate(token);
        self.changed();
        Ok(())
    }

    /// Puts into the selector a descriptor that no registration has in there.
    ///
    /// The kernel may have the pair of number and file all the same, if it was closed under a duplicate and the number has gone
    /// to a duplicate again: within reach once more, and nobody's.
    pub(super) fn select(&mut self, fd: RawFd, token: Token, arming: Arming) -> Result<()> {
        match self.selector.add(fd, token, arming) {
            Err(error) if self.traits.refuses_doubles && error.errno() == libc::EEXIST => {
                self.selector.remove(fd)?;
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
    pub(super) fn rebuild(&mut self, batch: &mut [Event]) -> Result<()> {
        match self.selector.rebuild() {
            Ok(true) => {}
            // Out of descriptors, say: what the batch holds goes out, and the next stale event tries again.
            Ok(false) | Err(_) => return Ok(()),
        }
        self.stats.rebuilds += 1;
        self.selector.add(self.waker.fd(), Token::WAKER, Arming::level(Interest::READABLE))?;
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
