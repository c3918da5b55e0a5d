//! The servers of one reactor: what was asked for in memory that JavaScript allocated, and what is told in it.
//!
//! The memory is looked up anew whenever it is used, and never while JavaScript runs.

use crate::{
    buffer::{Words, held},
    env::{HandleScope, RawEnv, Reference},
    failure::{Refusal, encode},
};
use fdreactor::{
    Event, Reactor,
    io::RawBuffer,
    server::{Order, Record, Space, Told, Traffic},
};
use napi::sys;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

/// The words of one record, and of one order.
pub(crate) const WORDS: usize = 4;
/// How many records a turn may tell, and some more for what ends.
pub(crate) const RECORDS: usize = 4096;
const MOST_RECORDS: usize = RECORDS + 64;
/// How many orders fit before they have to be carried out.
pub(crate) const ORDERS: usize = 4096;
/// The words before the first record, by their index.
pub(crate) const HEADER: usize = 8;
/// How many records there are.
const COUNT: usize = 0;
/// In how many milliseconds a turn has to be taken; 0 for none.
const DUE: usize = 1;
/// 1 while the addon is going to carry out the orders by itself: at the end of the batch that is being told.
const GATHERING: usize = 2;
/// How many orders there are. JavaScript counts.
const ORDERED: usize = 3;
/// 1 if nobody keeps what lies in the slab: it is read into from its beginning.
const EMPTIED: usize = 4;
/// Where the orders begin.
const FIRST_ORDER: usize = HEADER + MOST_RECORDS * WORDS;
/// No tick.
const NEVER: u32 = u32::MAX;
/// How many words there are in all.
pub(crate) const AREA: usize = FIRST_ORDER + ORDERS * WORDS;

/// What memory the servers of one reactor share with JavaScript.
pub(crate) struct Serving {
    env: RawEnv,
    pub(crate) traffic: RefCell<Traffic>,
    area: Reference,
    /// Bytes to be written, in the order of the orders.
    staging: Reference,
    /// How many bytes are kept for each connection.
    kept: RefCell<Reference>,
    slab: RefCell<Reference>,
    used: Cell<usize>,
    /// Whether the driver takes turns by itself, and the orders of a batch are carried out when it has been told.
    gathers: bool,
    /// The tick at which JavaScript will ask, by its own timer, what is due.
    promised: Cell<u32>,
}

impl Serving {
    pub(crate) fn new(
        env: RawEnv,
        area: sys::napi_value,
        staging: sys::napi_value,
        kept: sys::napi_value,
        slab: sys::napi_value,
        gathers: bool,
    ) -> Option<Self> {
        Some(Self {
            env,
            traffic: RefCell::new(Traffic::new(RECORDS)),
            area: Reference::new(env, area, true)?,
            staging: Reference::new(env, staging, true)?,
            kept: RefCell::new(Reference::new(env, kept, true)?),
            slab: RefCell::new(Reference::new(env, slab, true)?),
            used: Cell::new(0),
            gathers,
            promised: Cell::new(NEVER),
        })
    }

    /// Reads into another slab from now on. What was ordered of the bytes of this one is carried out before.
    pub(crate) fn set_slab(&self, reactor: &mut Reactor, slab: sys::napi_value) -> Result<(), Refusal> {
        self.flush(reactor, true)?;
        let slab = Reference::new(self.env, slab, true).ok_or(Refusal::Internal)?;
        self.slab.replace(slab);
        self.used.set(0);
        Ok(())
    }

    /// Tells how much is kept in another array from now on.
    pub(crate) fn set_kept(&self, kept: sys::napi_value) {
        if let Some(kept) = Reference::new(self.env, kept, true) {
            self.kept.replace(kept);
        }
    }

    fn words(&self) -> Option<Words> {
        Words::of(self.env, self.area.get()?).filter(|words| words.len() == AREA)
    }

    /// Serves what a turn has found, and writes what is to be told. Returns whether there is anything, or a failure.
    pub(crate) fn take(&self, reactor: &mut Reactor, batch: &mut Vec<Event>) -> Result<bool, Refusal> {
        let _scope = HandleScope::open(self.env).ok_or(Refusal::Internal)?;
        let words = self.words().ok_or(Refusal::Internal)?;
        if words.get(EMPTIED) == 1 {
            words.set(EMPTIED, 0);
            self.used.set(0);
        }
        let slab = self.slab.borrow().get().and_then(|slab| held(self.env, slab));
        let space = slab.map(|slab| Space::new(slab, self.used.get()));
        let mut traffic = self.traffic.borrow_mut();
        if let Some(space) = traffic.take(reactor, batch, space) {
            self.used.set(space.used());
        }
        self.tell_kept(&mut traffic);
        Ok(self.tell(&mut traffic, words, reactor))
    }

    /// Writes what has happened since the batch was told, if anything has.
    pub(crate) fn tell_more(&self, reactor: &mut Reactor) -> Result<bool, Refusal> {
        let mut traffic = self.traffic.borrow_mut();
        if !traffic.has_news() {
            return Ok(false);
        }
        let _scope = HandleScope::open(self.env).ok_or(Refusal::Internal)?;
        let words = self.words().ok_or(Refusal::Internal)?;
        Ok(self.tell(&mut traffic, words, reactor))
    }

    fn tell(&self, traffic: &mut Traffic, words: Words, reactor: &Reactor) -> bool {
        let mut count = 0;
        traffic.told(|record| {
            for (index, word) in encoded(record).into_iter().enumerate() {
                words.set(HEADER + count * WORDS + index, word);
            }
            count += 1;
        });
        words.set(COUNT, u32::try_from(count).unwrap_or(0));
        owe_news(traffic, reactor);
        let is_sooner = traffic.next_tick().is_some_and(|tick| tick < self.promised.get());
        let served = count > 0 || is_sooner;
        words.set(DUE, if is_sooner { self.promise(traffic) } else { 0 });
        words.set(GATHERING, u32::from(served && self.gathers));
        served
    }

    /// Has a turn taken if somebody's time may be over. Returns in how many milliseconds to ask again, or 0: that turn tells.
    pub(crate) fn expire(&self, reactor: &Reactor) -> u32 {
        let mut traffic = self.traffic.borrow_mut();
        self.promised.set(NEVER);
        if traffic.is_due() {
            reactor.owe();
            return 0;
        }
        self.promise(&traffic)
    }

    /// Sets a connection's timeout. Returns in how many milliseconds to ask what is due, or 0.
    pub(crate) fn set_timeout(&self, id: u32, timeout: Duration) -> u32 {
        let mut traffic = self.traffic.borrow_mut();
        traffic.set_timeout(id, timeout);
        self.promise(&traffic)
    }

    fn promise(&self, traffic: &Traffic) -> u32 {
        self.promised.set(self.promised.get().min(traffic.next_tick().unwrap_or(NEVER)));
        milliseconds(traffic.next_due())
    }

    /// Closes everything.
    pub(crate) fn end(&self) {
        self.traffic.replace(Traffic::new(0));
    }

    /// Carries out what JavaScript has ordered. `hurries`: whether news are to be told by a turn of their own.
    pub(crate) fn flush(&self, reactor: &mut Reactor, hurries: bool) -> Result<(), Refusal> {
        let _scope = HandleScope::open(self.env).ok_or(Refusal::Internal)?;
        let mut traffic = self.traffic.borrow_mut();
        self.take_orders(&mut traffic)?;
        traffic.flush(reactor);
        self.tell_kept(&mut traffic);
        if hurries {
            owe_news(&traffic, reactor);
        }
        Ok(())
    }

    /// Sends bytes for a connection at once, behind what was ordered if anything was. Returns how many bytes are kept for it.
    pub(crate) fn send(
        &self,
        reactor: &mut Reactor,
        has_orders: bool,
        id: u32,
        bytes: RawBuffer,
    ) -> Result<usize, Refusal> {
        let mut traffic = self.traffic.borrow_mut();
        if has_orders {
            self.take_orders(&mut traffic)?;
        }
        traffic.order(id, Order::Write(bytes));
        traffic.flush(reactor);
        owe_news(&traffic, reactor);
        if has_orders {
            self.tell_kept(&mut traffic);
            return Ok(traffic.kept_for(id));
        }
        traffic.kept(|_, _| {});
        Ok(traffic.kept_for(id))
    }

    fn take_orders(&self, traffic: &mut Traffic) -> Result<(), Refusal> {
        let words = self.words().ok_or(Refusal::Internal)?;
        words.set(GATHERING, 0);
        let count = (words.get(ORDERED) as usize).min(ORDERS);
        if count == 0 {
            return Ok(());
        }
        words.set(ORDERED, 0);
        let find = |reference: &Reference| reference.get().and_then(|view| held(self.env, view));
        let (mut staging, mut slab) = (None, None);
        for index in 0..count {
            let [id, kind, offset, length] =
                [0, 1, 2, 3].map(|word| words.get(FIRST_ORDER + index * WORDS + word));
            // Looked up once, and only if there is something in it.
            let bytes = match kind {
                0 => staging.get_or_insert_with(|| find(&self.staging)),
                4 => slab.get_or_insert_with(|| find(&self.slab.borrow())),
                _ => &mut None,
            };
            let write = || {
                let part = bytes.and_then(|bytes| bytes.part(offset as usize, length as usize));
                part.map(Order::Write).ok_or(Refusal::Internal)
            };
            let order = match kind {
                1 => Order::End,
                2 => Order::Pause,
                3 => Order::Resume,
                _ => write()?,
            };
            traffic.order(id, order);
        }
        Ok(())
    }

    fn tell_kept(&self, traffic: &mut Traffic) {
        if !traffic.has_kept() {
            return;
        }
        let kept = self.kept.borrow().get().and_then(|kept| Words::of(self.env, kept));
        traffic.kept(|id, bytes| {
            if let Some(kept) = kept {
                kept.set(id as usize, u32::try_from(bytes).unwrap_or(u32::MAX));
            }
        });
    }
}

/// Has a turn taken for what is not told yet.
fn owe_news(traffic: &Traffic, reactor: &Reactor) {
    if traffic.has_news() {
        reactor.owe();
    }
}

fn milliseconds(duration: Option<Duration>) -> u32 {
    duration.map_or(0, |duration| u32::try_from(duration.as_millis()).unwrap_or(u32::MAX))
}

/// A record as words: whose it is, what, and two more.
fn encoded(Record { id, told }: Record) -> [u32; WORDS] {
    let code = |error| u32::try_from(-encode(error)).unwrap_or(0);
    match told {
        Told::Data { offset, length } => [id, 0, offset, length],
        Told::Accepted { listener } => [id, 1, listener, 0],
        Told::Connected => [id, 2, 0, 0],
        Told::Ended => [id, 3, 0, 0],
        Told::Drained => [id, 4, 0, 0],
        Told::Idle => [id, 5, 0, 0],
        Told::Closed(error) => [id, 6, error.map_or(0, code), 0],
        Told::Shortage(error) => [id, 7, code(error), 0],
        Told::NoSpace => [id, 8, 0, 0],
    }
}
