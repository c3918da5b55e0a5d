//! A reactor, as JavaScript sees it.

use crate::{
    batch::Batch,
    driver::Driver,
    env::{Ends, Teardown},
    failure::{Refusal, done, encode, number},
    inner::{Inner, Phase},
    report::{NativeCapabilities, NativeStats},
    wakers::Handle,
    words::{arming, pack, unpack},
};
use fdreactor::{Backend, Config, Reactor, Result, State, Token};
use napi::{Env, JsValue, Unknown, bindgen_prelude::Either};
use napi_derive::napi;
use std::{rc::Rc, time::Duration};

/// The native half of a `Reactor`.
#[napi]
pub struct NativeReactor(Rc<Inner>);

#[napi]
impl NativeReactor {
    /// Makes a reactor. `backend` is an index of `contract().backends`; `driver` 0 loop, 1 thread, 2 manual. `dispatch` is
    /// called with a number of records or a failure; it has done with them when it returns, unless it calls `defer`.
    #[napi(
        catch_unwind,
        ts_args_type = "backend: number, driver: number, batchSize: number, unboundedSelect: boolean, records: Uint32Array, dispatch: (count: number) => void"
    )]
    pub fn open(
        env: Env,
        backend: u32,
        driver: u32,
        batch_size: u32,
        unbounded_select: bool,
        records: Unknown<'_>,
        dispatch: Unknown<'_>,
    ) -> Either<NativeReactor, i64> {
        let refused = Either::B(Refusal::Internal.into());
        let Some(&backend) = Backend::ALL.get(backend as usize) else { return refused };
        let env = env.raw();
        let Some(batch) = Batch::new(env, records.value().value, dispatch.value().value) else {
            return refused;
        };
        let config = Config { backend, batch_size: batch_size as usize, unbounded_select };
        let core = match Reactor::new(&config) {
            Ok(core) => core,
            Err(error) => return Either::B(encode(error)),
        };
        let inner = Rc::new(Inner::new(core, batch, batch_size as usize));
        match Driver::start(env, &inner, driver) {
            Ok(driver) => inner.driver.replace(driver),
            Err(failure) => return Either::B(failure),
        };
        // After the driver, so that it ends first: hooks are called last to first.
        let teardown = Teardown::new(env, Rc::downgrade(&inner));
        if teardown.is_none() {
            inner.end();
            return refused;
        }
        inner.teardown.replace(teardown);
        Either::A(Self(inner))
    }

    pub(crate) fn inner(&self) -> Rc<Inner> {
        Rc::clone(&self.0)
    }

    /// Registers `fd` and returns its token.
    #[napi(catch_unwind)]
    pub fn register(&self, fd: i32, bits: u32) -> i64 {
        let Some(arming) = arming(bits) else { return Refusal::Internal.into() };
        let token = self.0.with(|core| core.register(fd, arming));
        number(token, pack)
    }

    /// Replaces what is asked and returns the new token.
    #[napi(catch_unwind)]
    pub fn modify(&self, token: i64, bits: u32) -> i64 {
        let Some(arming) = arming(bits) else { return Refusal::Internal.into() };
        self.change(token, |core, token| core.modify(token, arming))
    }

    /// Pauses and returns the new token.
    #[napi(catch_unwind)]
    pub fn pause(&self, token: i64) -> i64 {
        self.change(token, Reactor::pause)
    }

    /// Resumes and returns the new token.
    #[napi(catch_unwind)]
    pub fn resume(&self, token: i64) -> i64 {
        self.change(token, Reactor::resume)
    }

    /// Arms anew and returns the new token.
    #[napi(catch_unwind)]
    pub fn rearm(&self, token: i64) -> i64 {
        self.change(token, Reactor::rearm)
    }

    fn change(&self, token: i64, verb: impl FnOnce(&mut Reactor, Token) -> Result<Token>) -> i64 {
        let Some(token) = unpack(token) else { return Refusal::Internal.into() };
        number(self.0.with(|core| verb(core, token)), pack)
    }

    /// Closes a registration. It is gone whatever is returned.
    #[napi(catch_unwind)]
    pub fn deregister(&self, token: i64) -> i64 {
        let Some(token) = unpack(token) else { return Refusal::Internal.into() };
        done(self.0.with(|core| core.deregister(token)))
    }

    /// Where a registration stands: 0 armed, 1 paused, 2 disarmed, 3 parked, -1 closed.
    #[napi(catch_unwind)]
    pub fn state(&self, token: i64) -> i32 {
        let state = unpack(token).and_then(|token| self.0.core.borrow().as_ref()?.state(token));
        match state {
            Some(State::Armed) => 0,
            Some(State::Paused) => 1,
            Some(State::Disarmed) => 2,
            Some(State::Parked) => 3,
            None => -1,
        }
    }

    /// Waits for at most `timeout_ms` (fractions count, negative waits for ever) and returns how many records were
    /// written, or -1 for none because of a wake.
    #[napi(catch_unwind)]
    pub fn turn(&self, timeout_ms: f64) -> i64 {
        if self.0.phase.get() != Phase::Idle {
            return Refusal::Reentrant.into();
        }
        // Whole nanoseconds, rounded up; what no Duration can hold waits for ever.
        let timeout = Duration::try_from_secs_f64(timeout_ms / 1000.0).ok();
        let count = self.0.take_turn(timeout);
        // What the dispatcher does with it is JavaScript's to look at.
        self.0.turn_over();
        count
    }

    /// Says, inside the dispatcher, that it will go on with the batch later and then call `settle`.
    #[napi(catch_unwind)]
    pub fn defer(&self) {
        self.0.phase.set(Phase::Deferred);
    }

    /// Says that the dispatcher has done with a batch that it did not finish when it was called.
    #[napi(catch_unwind)]
    pub fn settle(&self) {
        self.0.phase.set(Phase::Idle);
        self.0.acknowledge();
    }

    /// Ends a rest that the dispatcher was told of: takes a turn, and lets the loop call again.
    #[napi(catch_unwind)]
    pub fn proceed(&self) {
        if let Some(Driver::Loop(driver)) = &*self.0.driver.borrow() {
            driver.proceed();
        }
        self.0.turn_on_loop();
    }

    /// Ends a wait.
    #[napi(catch_unwind)]
    pub fn wake(&self) -> i64 {
        done(self.0.with(|core| core.waker().wake()))
    }

    /// A number by which any thread can wake this reactor.
    #[napi(catch_unwind)]
    pub fn waker_handle(&self) -> u32 {
        let waker = self.0.core.borrow().as_ref().map(Reactor::waker);
        let mut handle = self.0.waker.borrow_mut();
        waker.map_or(0, |waker| handle.get_or_insert_with(|| Handle::new(&waker)).number())
    }

    /// Whether the driver keeps the process alive.
    #[napi(catch_unwind)]
    pub fn set_ref(&self, keep: bool) {
        if let Some(driver) = &*self.0.driver.borrow() {
            driver.set_ref(keep);
        }
    }

    /// Whether the dispatcher, and with it the JavaScript half, is kept from being collected.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, keep: bool) {
        self.0.batch.keep_alive(keep);
    }

    /// The epoll or kqueue descriptor, or -1.
    #[napi(catch_unwind)]
    pub fn descriptor(&self) -> i32 {
        self.0.core.borrow().as_ref().and_then(Reactor::fd).unwrap_or(-1)
    }

    /// What it can do.
    #[napi(catch_unwind)]
    pub fn capabilities(&self) -> Option<NativeCapabilities> {
        Some(self.0.core.borrow().as_ref()?.capabilities().into())
    }

    /// What it has done.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Option<NativeStats> {
        self.0.stats()
    }

    /// Closes everything but the users' descriptors.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }
}

impl Drop for NativeReactor {
    fn drop(&mut self) {
        self.0.close();
    }
}
