//! Descriptors that become ready at will, and turns of a reactor over them without any JavaScript. A failure is the
//! negative `errno`.

use fdreactor::{Backend, Result, Trigger};
use fdreactor_bench::{DescriptorSet, Kind, Watch};
use napi_derive::napi;
use std::cell::RefCell;

fn count(result: std::io::Result<usize>) -> i64 {
    result.map_or_else(|error| -i64::from(error.raw_os_error().unwrap_or(libc::EIO)), exact)
}

fn done<T>(result: Result<T>, value: impl FnOnce(T) -> i64) -> i64 {
    result.map_or_else(|error| -i64::from(error.errno()), value)
}

fn exact(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[derive(Default)]
struct Work {
    set: Option<DescriptorSet>,
    watch: Option<Watch>,
}

/// Descriptors that can be made ready, and a reactor in Rust that may watch them.
#[napi]
#[derive(Default)]
pub struct BenchSet(RefCell<Work>);

#[napi]
impl BenchSet {
    /// An empty set.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::new_without_default, reason = "for JavaScript")]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `size` descriptors. `kind`: 0 eventfd, 1 pipe, 2 socket. Returns how many, or a failure.
    #[napi(catch_unwind)]
    pub fn fill(&self, kind: u32, size: u32) -> i64 {
        let kind = [Kind::Eventfd, Kind::Pipe, Kind::Socket][kind.min(2) as usize];
        let made = DescriptorSet::new(kind, size as usize);
        let mut work = self.0.borrow_mut();
        *work = Work::default();
        count(made.map(|set| work.set.insert(set).len()))
    }

    /// The numbers to watch.
    #[napi(catch_unwind)]
    pub fn descriptors(&self) -> Vec<i32> {
        self.0.borrow().set.iter().flat_map(DescriptorSet::watched).collect()
    }

    /// Makes `active` of them ready anew, evenly spread, `rounds` times. Returns how many stimuli there were, or a failure.
    #[napi(catch_unwind)]
    pub fn stimulate(&self, active: u32, rounds: u32) -> i64 {
        let work = self.0.borrow();
        let Some(set) = &work.set else { return 0 };
        count((0..rounds).map(|_| set.stimulate(active as usize)).sum())
    }

    /// Makes all of them unready.
    #[napi(catch_unwind)]
    pub fn calm(&self) {
        if let Some(set) = &self.0.borrow().set {
            set.calm();
        }
    }

    /// Makes a reactor in Rust and registers all of them. `backend` is an index of `contract().backends`.
    #[napi(catch_unwind)]
    pub fn register(&self, backend: u32, edge: bool) -> i64 {
        let mut work = self.0.borrow_mut();
        let Work { set: Some(set), watch } = &mut *work else { return 0 };
        let Some(&backend) = Backend::ALL.get(backend as usize) else { return -i64::from(libc::EINVAL) };
        let trigger = if edge { Trigger::Edge } else { Trigger::Level };
        let made =
            Watch::new(backend, trigger, set).and_then(|mut watch| watch.register(set).map(|()| watch));
        done(made, |made| {
            *watch = Some(made);
            exact(set.len())
        })
    }

    /// Modifies each of the registrations once.
    #[napi(catch_unwind)]
    pub fn modify(&self) -> i64 {
        self.0.borrow_mut().watch.as_mut().map_or(0, |watch| done(watch.modify(), |()| 0))
    }

    /// Closes the registrations one by one, then the reactor.
    #[napi(catch_unwind)]
    pub fn deregister(&self) -> i64 {
        self.0.borrow_mut().watch.take().map_or(0, |mut watch| done(watch.deregister(), |()| 0))
    }

    /// Makes `active` of them ready and waits for their events, `rounds` times. Returns how many events there were.
    #[napi(catch_unwind)]
    pub fn rounds(&self, active: u32, rounds: u32) -> i64 {
        let mut work = self.0.borrow_mut();
        let Work { set: Some(set), watch: Some(watch) } = &mut *work else { return 0 };
        done(
            watch.rounds(set, active as usize, rounds as usize, |event| {
                std::hint::black_box(event);
            }),
            exact,
        )
    }

    /// Closes everything.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.take();
    }
}
