//! One reactor of the core, the servers on it, the batch it fills and the driver that turns it.

use crate::{
    batch::Batch,
    driver::Driver,
    env::{Ends, Teardown},
    failure::{Refusal, encode},
    report::NativeStats,
    serving::Serving,
    wakers::Handle,
    words::{RESTING, WOKEN},
};
use fdreactor::{Error, Event, Reactor, Result, Waited};
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// How often one turn tells what its own batch has brought about, such as the end of connections, before the loop goes on.
const ROUNDS: u32 = 4;

/// Whether a turn may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    /// JavaScript is being called.
    Dispatching,
    /// It has said that it will go on with the batch later.
    Deferred,
}

/// What lives as long as the JavaScript object, or as a call that is under way.
pub(crate) struct Inner {
    pub(crate) core: RefCell<Option<Reactor>>,
    events: RefCell<Vec<Event>>,
    /// The servers, once there are any. Never borrowed while JavaScript runs.
    serving: RefCell<Option<Serving>>,
    /// Whether the batch that is told has something of them.
    served: Cell<bool>,
    pub(crate) batch: Batch,
    pub(crate) phase: Cell<Phase>,
    pub(crate) driver: RefCell<Option<Driver>>,
    pub(crate) waker: RefCell<Option<Handle>>,
    pub(crate) teardown: RefCell<Option<Teardown<Inner>>>,
}

impl Inner {
    pub(crate) fn new(core: Reactor, batch: Batch, batch_size: usize) -> Self {
        Self {
            core: RefCell::new(Some(core)),
            events: RefCell::new(Vec::with_capacity(batch_size)),
            serving: RefCell::new(None),
            served: Cell::new(false),
            batch,
            phase: Cell::new(Phase::Idle),
            driver: RefCell::new(None),
            waker: RefCell::new(None),
            teardown: RefCell::new(None),
        }
    }

    pub(crate) fn with<T>(&self, ask: impl FnOnce(&mut Reactor) -> Result<T>) -> Result<T> {
        self.core.borrow_mut().as_mut().ok_or(Error::Closed).and_then(ask)
    }

    pub(crate) fn with_serving<T>(&self, ask: impl FnOnce(&mut Reactor, &Serving) -> Result<T>) -> Result<T> {
        let serving = self.serving.borrow();
        let serving = serving.as_ref().ok_or(Error::Closed)?;
        self.with(|core| ask(core, serving))
    }

    /// Has it serve.
    pub(crate) fn serve(&self, serving: Serving) {
        self.serving.replace(Some(serving));
    }

    /// Carries out what was ordered of connections.
    pub(crate) fn flush(&self, hurries: bool) -> i64 {
        self.serving(|core, serving| serving.flush(core, hurries).map(|()| 0))
    }

    /// Asks the servers for something: its result, or a failure.
    pub(crate) fn serving(
        &self,
        ask: impl FnOnce(&mut Reactor, &Serving) -> std::result::Result<i64, Refusal>,
    ) -> i64 {
        match self.with_serving(|core, serving| Ok(ask(core, serving))) {
            Ok(Ok(number)) => number,
            Ok(Err(refusal)) => refusal.into(),
            Err(error) => encode(error),
        }
    }

    /// Waits and writes the batch: the number of records, or a failure.
    pub(crate) fn take_turn(&self, timeout: Option<Duration>) -> i64 {
        let mut events = self.events.borrow_mut();
        match self.with(|core| core.turn(timeout, &mut events)) {
            Ok(woken) => match self.write(&mut events) {
                0 if woken && !self.served.get() => WOKEN,
                count => count,
            },
            Err(error) => encode(error),
        }
    }

    /// Serves what is the servers', and writes the rest of a batch: the number of records, or a failure.
    fn write(&self, events: &mut Vec<Event>) -> i64 {
        let served = self.with_serving(|core, serving| Ok(serving.take(core, events)));
        match served {
            Ok(Ok(served)) => self.served.set(served),
            Ok(Err(refusal)) => return refusal.into(),
            // There are none.
            Err(_) => self.served.set(false),
        }
        self.batch.write(events)
    }

    /// A turn on the host's loop: what is ready now is dispatched. Nothing of `self` is borrowed while JavaScript runs.
    pub(crate) fn turn_on_loop(&self) {
        if self.phase.get() != Phase::Idle || self.core.borrow().is_none() {
            return;
        }
        let count = self.take_turn(Some(Duration::ZERO));
        let rests = !self.follow_descriptor() || self.rest().is_some();
        if let (true, Some(Driver::Loop(driver))) = (rests, &*self.driver.borrow()) {
            driver.rest();
        }
        if count != WOKEN && (count != 0 || self.served.get()) {
            self.dispatch(count);
        }
        self.turn_over();
        if rests {
            self.batch.announce(RESTING);
        }
    }

    /// How long the driver should leave the reactor alone.
    fn rest(&self) -> Option<Duration> {
        self.core.borrow().as_ref().and_then(Reactor::rest)
    }

    /// A batch that another thread waited for.
    pub(crate) fn turn_from_thread(&self, found: Result<(&[Event], Waited)>) {
        let delivered = found.and_then(|(found, waited)| {
            self.with(|core| {
                core.set_blocked_elsewhere(false);
                core.deliver(found, waited, &mut self.events.borrow_mut());
                Ok(())
            })
        });
        let count = match delivered {
            Ok(()) => self.write(&mut self.events.borrow_mut()),
            Err(Error::Closed) => return,
            Err(error) => encode(error),
        };
        let is_done = (count == 0 && !self.served.get()) || self.dispatch(count);
        self.turn_over();
        if is_done {
            self.acknowledge();
        }
    }

    /// Looks how long the turn took, as far as this thread was kept busy.
    pub(crate) fn turn_over(&self) {
        // If it has closed the reactor, that has been looked at.
        let _ = self.with(|core| {
            core.turn_over();
            Ok(())
        });
    }

    /// What was done, also for servers.
    pub(crate) fn stats(&self) -> Option<NativeStats> {
        let stats = self.core.borrow().as_ref()?.stats();
        let serving = self.serving.borrow();
        let counts = serving.as_ref().map(|serving| serving.traffic.borrow().counts());
        Some(NativeStats::new(stats, counts.unwrap_or_default()))
    }

    /// Announces a batch, and what it entails at once. Whether it is done with, and the next turn may begin.
    fn dispatch(&self, mut count: i64) -> bool {
        for round in 1..=ROUNDS {
            self.phase.set(Phase::Dispatching);
            self.batch.announce(count);
            // Not by what it returned: that is lost if a tick or promise of a callback throws.
            let finished = self.phase.get() != Phase::Deferred;
            if finished {
                self.phase.set(Phase::Idle);
            }
            if !self.served.get() {
                return finished;
            }
            // What ticks and promises have ordered is carried out as well.
            let is_last = !finished || round == ROUNDS;
            self.flush(is_last);
            let more = !is_last && self.serving(|core, serving| serving.tell_more(core).map(i64::from)) == 1;
            self.served.set(more);
            if !more {
                return finished;
            }
            count = 0;
        }
        true
    }

    /// Lets a thread that waited for its batch to be dispatched go on.
    pub(crate) fn acknowledge(&self) {
        if let Some(Driver::Thread(thread)) = &*self.driver.borrow() {
            let fresh = self.with(|core| {
                core.set_blocked_elsewhere(true);
                Ok(core.lend())
            });
            thread.acknowledge(fresh.ok().flatten(), self.rest());
        }
    }

    /// Has the loop watch the reactor's descriptor, which is another one after a rebuild.
    ///
    /// False if the loop refuses: it watches the one before, so a turn must be taken now and then without being called.
    fn follow_descriptor(&self) -> bool {
        let fd = self.with(|core| Ok(core.fd()));
        match (fd, &mut *self.driver.borrow_mut()) {
            (Ok(Some(fd)), Some(Driver::Loop(driver))) => driver.follow(fd).is_ok(),
            _ => true,
        }
    }

    pub(crate) fn close(&self) {
        self.end();
        self.teardown.borrow_mut().take();
        self.batch.keep_alive(false);
    }
}

impl Ends for Inner {
    /// Ends the reactor: no call comes from the driver any more.
    fn end(&self) {
        // The driver first: it watches a descriptor that the core closes.
        let driver = self.driver.borrow_mut().take();
        drop(driver);
        // Its connections are registered with the core.
        if let Some(serving) = &*self.serving.borrow() {
            serving.end();
        }
        self.core.borrow_mut().take();
        self.waker.borrow_mut().take();
    }
}
