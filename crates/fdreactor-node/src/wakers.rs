//! Wakers by number, so that a plain value can travel to another thread's JavaScript.

use fdreactor::Waker;
use napi_derive::napi;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

struct Table {
    next: u32,
    wakers: HashMap<u32, Weak<Waker>>,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

fn table() -> MutexGuard<'static, Option<Table>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A waker's number, as long as its reactor lives. Numbers are not used twice (until four thousand million have been).
pub(crate) struct Handle(u32);

impl Handle {
    pub(crate) fn new(waker: &Arc<Waker>) -> Self {
        let mut guard = table();
        let table = guard.get_or_insert_with(|| Table { next: 1, wakers: HashMap::new() });
        let number = table.next;
        table.next = table.next.wrapping_add(1);
        table.wakers.insert(number, Arc::downgrade(waker));
        Self(number)
    }

    pub(crate) fn number(&self) -> u32 {
        self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(table) = &mut *table() {
            table.wakers.remove(&self.0);
        }
    }
}

/// Wakes the reactor with this number, from any thread. False if there is none (any more), or no memory for it.
#[napi(catch_unwind)]
pub fn wake(handle: u32) -> bool {
    let waker = table().as_ref().and_then(|table| table.wakers.get(&handle)?.upgrade());
    waker.is_some_and(|waker| waker.wake().is_ok())
}
