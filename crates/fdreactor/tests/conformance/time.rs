//! The cases of time and of wakes that the reactor's own thread can act out. Nothing here may take longer than a clock on
//! the wall says, only less: a wait that must end soon is one that would otherwise last far longer than the trial.

use crate::conformance::{column::Column, end::End, fixture::unix_pair, procedure::demand, watch::flags};
use fdreactor::{Arming, Config, Interest, Reactor};
use rustix::io::{read, write};
use std::{
    os::fd::AsRawFd,
    thread,
    time::{Duration, Instant},
};

/// When whatever comes from elsewhere comes.
const SOON: Duration = Duration::from_millis(20);
/// What nobody waits for to the end.
const LONG: Duration = Duration::from_secs(300);

fn reactor(column: Column) -> Result<Reactor, End> {
    Ok(Reactor::new(&Config { backend: column.backend, ..Config::default() })?)
}

/// A wait in which nothing comes, to the end of its time.
fn idle(reactor: &mut Reactor, timeout: Duration) -> Result<&'static str, End> {
    let mut batch = Vec::new();
    let start = Instant::now();
    let woken = reactor.turn(Some(timeout), &mut batch)?;
    let took = start.elapsed();
    demand(!woken && took >= timeout, || format!("{timeout:?} were over after {took:?}, woken: {woken}"))?;
    Ok(if batch.is_empty() { "-" } else { "an event" })
}

/// A wait that a wake ends.
fn woken(reactor: &mut Reactor, timeout: Duration) -> Result<&'static str, End> {
    let mut batch = Vec::new();
    let woken = reactor.turn(Some(timeout), &mut batch)?;
    demand(woken, || format!("the time was over after {timeout:?}, and no wake came"))?;
    Ok(if batch.is_empty() { "-" } else { "an event" })
}

/// M01.
pub(super) fn at_once(column: Column) -> Result<String, End> {
    Ok(idle(&mut reactor(column)?, Duration::ZERO)?.to_owned())
}

/// M02.
pub(super) fn never_early(column: Column) -> Result<String, End> {
    idle_for(column, &[200_000, 200_000])
}

/// M03.
pub(super) fn fractions(column: Column) -> Result<String, End> {
    idle_for(column, &[100, 3_100])
}

/// M05.
pub(super) fn with_nothing_to_watch(column: Column) -> Result<String, End> {
    idle_for(column, &[50_000])
}

fn idle_for(column: Column, microseconds: &[u64]) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let mut items = Vec::new();
    for &time in microseconds {
        items.push(idle(&mut reactor, Duration::from_micros(time))?);
    }
    Ok(items.join(";"))
}

/// M04. A negative time and one that is no number cannot be said in this language.
pub(super) fn without_end(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let (a, b) = unix_pair()?;
    reactor.register(a.as_raw_fd(), Arming::level(Interest::READABLE))?;
    let huge = [1 << 31, 1 << 53].map(|time| Some(Duration::from_millis(time)));
    let mut items = Vec::new();
    for timeout in [None, huge[0], huge[1], Some(Duration::MAX)] {
        let (b, before) = (b.try_clone()?, reactor.stats().waits);
        let later = thread::spawn(move || {
            thread::sleep(SOON);
            write(&b, b".")
        });
        let mut batch = Vec::new();
        reactor.turn(timeout, &mut batch)?;
        // One that came back at once, or went round and round, has nothing to show or too many waits.
        demand(reactor.stats().waits == before + 1, || format!("{timeout:?} took more than one wait"))?;
        items.push(
            batch.iter().map(|event| flags(column.backend, event.readiness)).collect::<Vec<_>>().join(" "),
        );
        later.join().map_err(|_| "the writer panicked".to_owned())??;
        read(&a, &mut [0; 1])?;
    }
    Ok(items.join(";"))
}

/// M06.
pub(super) fn a_wake_ends_it(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let waker = reactor.waker();
    let later = thread::spawn(move || {
        thread::sleep(SOON);
        waker.wake()
    });
    let item = woken(&mut reactor, LONG)?;
    later.join().map_err(|_| "the waking thread panicked".to_owned())??;
    Ok(item.to_owned())
}

/// M07.
pub(super) fn a_wake_beforehand(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    reactor.waker().wake()?;
    Ok(woken(&mut reactor, LONG)?.to_owned())
}

/// M08.
pub(super) fn three_wakes_are_one(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    for _ in 0..3 {
        reactor.waker().wake()?;
    }
    let items = [woken(&mut reactor, LONG)?, idle(&mut reactor, Duration::from_millis(50))?];
    Ok(items.join(";"))
}
