//! The half of a reactor that blocks: it can wait in one thread while registrations change in another.

use crate::{error::Result, event::Event, selector::Waiter, token::Token, waker::Waker};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How a wait ended, for [`Reactor::deliver`](crate::Reactor::deliver).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// How many changes the reactor had seen when the wait began.
    changes: u64,
    /// Whether a wake was among what ended it.
    pub woken: bool,
}

impl Waited {
    pub(crate) fn changes(self) -> u64 {
        self.changes
    }
}

/// The half of a reactor that blocks, lent to another thread by [`Reactor::lend`](crate::Reactor::lend).
pub struct Blocking {
    waiter: Box<dyn Waiter>,
    changes: Arc<AtomicU64>,
    waker: Arc<Waker>,
    owing: Arc<AtomicBool>,
    idle_waits: Arc<AtomicU64>,
    /// Whether the last wake came from outside.
    asked: bool,
}

impl Blocking {
    pub(crate) fn new(
        waiter: Box<dyn Waiter>,
        changes: Arc<AtomicU64>,
        waker: Arc<Waker>,
        owing: Arc<AtomicBool>,
        idle_waits: Arc<AtomicU64>,
    ) -> Self {
        Self { waiter, changes, waker, owing, idle_waits, asked: false }
    }

    /// Waits for at most `timeout` and leaves in `found` what the kernel reported: material for [`Reactor::deliver`](crate::Reactor::deliver).
    ///
    /// A wake alone ends the wait with nothing found.
    ///
    /// # Errors
    /// What the system says of the wait, save `EINTR`.
    pub fn wait(&mut self, timeout: Option<Duration>, found: &mut Vec<Event>) -> Result<Waited> {
        found.clear();
        let changes = self.changes.load(Ordering::Acquire);
        self.waiter.wait(timeout, found)?;
        let place = found.iter().position(|event| event.token == Token::WAKER);
        if let Some(place) = place {
            found.swap_remove(place);
            self.asked = self.waker.drain();
        }
        Ok(Waited { changes, woken: place.is_some() })
    }

    /// Whether the reactor owes events of its own making: a wake is then a reason to deliver.
    pub fn owes(&self) -> bool {
        self.owing.load(Ordering::Acquire)
    }

    /// Counts a wait that a wake ended and that is not delivered. One that has only begun anew because of a change is no other.
    pub fn count_idle(&mut self) {
        if std::mem::take(&mut self.asked) {
            self.idle_waits.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What ends its wait.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }
}
