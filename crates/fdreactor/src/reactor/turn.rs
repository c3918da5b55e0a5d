//! The turn: a wait, what is stale in what it found, and what the rest entails.

use super::Reactor;
use crate::{
    blocking::{Blocking, Waited},
    error::{Error, Result},
    event::Event,
    interest::Interest,
    readiness::Readiness,
    registry::State,
    sys,
};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

impl Reactor {
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
        self.began = Some(Instant::now());
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

    /// Says that the callbacks of the turn have run, for [`Stats::slowest_turn`](crate::Stats). Until then the turn
    /// is under way.
    pub fn turn_over(&mut self) {
        self.stats.slowest_turn = self.slowest_turn();
        self.began = None;
    }

    /// With the turn under way, as far as it has come.
    pub(super) fn slowest_turn(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| began.elapsed()).max(self.stats.slowest_turn)
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
}
