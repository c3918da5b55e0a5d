//! The cases of callbacks that change things. The core has none: a turn gives a batch, and whoever goes through it asks of
//! each event whether its token is still good. That is the rule that these cases hold.

use crate::conformance::{column::Column, end::End, fixture::unix_pair, procedure::demand, watch::flags};
use fdreactor::{Config, Event, Interest, Reactor, Token};
use rustix::io::{fcntl_dupfd_cloexec, read, write};
use std::{
    os::fd::{AsRawFd, OwnedFd},
    time::Duration,
};

/// A pair of sockets with something to read on the first.
fn ready_pair() -> Result<(OwnedFd, OwnedFd), End> {
    let (one, other) = unix_pair()?;
    write(&other, b".")?;
    Ok((one, other))
}

fn reactor(column: Column) -> Result<Reactor, End> {
    Ok(Reactor::new(&Config { backend: column.backend, ..Config::default() })?)
}

fn watch(reactor: &mut Reactor, column: Column, fd: &OwnedFd, interest: Interest) -> Result<Token, End> {
    Ok(reactor.register(fd.as_raw_fd(), column.mode.arming(interest))?)
}

fn turn(reactor: &mut Reactor) -> Result<Vec<Event>, End> {
    let mut batch = Vec::new();
    reactor.turn(Some(Duration::ZERO), &mut batch)?;
    Ok(batch)
}

/// J07.
pub(super) fn the_first_removes_the_other(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let ((a, _b), (c, _d)) = (ready_pair()?, ready_pair()?);
    let tokens = [
        watch(&mut reactor, column, &a, Interest::READABLE)?,
        watch(&mut reactor, column, &c, Interest::READABLE)?,
    ];
    let batch = turn(&mut reactor)?;
    demand(batch.len() == 2, || format!("{batch:?} is not one batch of both"))?;
    let mut called = Vec::new();
    for Event { token, .. } in batch {
        if reactor.state(token).is_none() {
            continue;
        }
        called.push(token);
        for other in tokens.into_iter().filter(|&other| other != token) {
            reactor.deregister(other)?;
        }
    }
    let after = turn(&mut reactor)?;
    demand(after.iter().all(|event| called.contains(&event.token)), || format!("{after:?} came afterwards"))?;
    Ok(called.len().to_string())
}

/// J09. That its descriptor is left alone shows when the number is another file's, which has something to tell.
pub(super) fn it_removes_itself(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let ((low, _b), (c, _d)) = (ready_pair()?, ready_pair()?);
    let a = fcntl_dupfd_cloexec(&low, 900)?;
    drop(low);
    let token = watch(&mut reactor, column, &a, Interest::READABLE)?;
    let mut called = 0;
    for event in turn(&mut reactor)? {
        demand(event.token == token, || format!("{event:?} is nobody's"))?;
        called += 1;
        reactor.deregister(event.token)?;
    }
    let number = a.as_raw_fd();
    drop(a);
    let heir = fcntl_dupfd_cloexec(&c, number)?;
    demand(heir.as_raw_fd() == number, || format!("{number} is not free"))?;
    for _ in 0..2 {
        let batch = turn(&mut reactor)?;
        demand(batch.is_empty(), || format!("{batch:?} came afterwards"))?;
    }
    Ok(called.to_string())
}

/// J10.
pub(super) fn it_adds_a_ready_one(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let ((a, _b), (c, _d)) = (ready_pair()?, ready_pair()?);
    watch(&mut reactor, column, &a, Interest::READABLE)?;
    let batch = turn(&mut reactor)?;
    demand(batch.len() == 1, || format!("{batch:?} is not a's event"))?;
    read(&a, &mut [0; 1])?;
    let added = watch(&mut reactor, column, &c, Interest::READABLE)?;
    let next = turn(&mut reactor)?;
    let name = |event: &Event| if event.token == added { "c" } else { "another" };
    Ok(next.iter().map(name).collect::<Vec<_>>().join(" "))
}

/// J11.
pub(super) fn it_turns_to_writing(column: Column) -> Result<String, End> {
    let mut reactor = reactor(column)?;
    let (a, _b) = ready_pair()?;
    watch(&mut reactor, column, &a, Interest::READABLE)?;
    let mut token = None;
    for event in turn(&mut reactor)? {
        token = Some(reactor.modify(event.token, column.mode.arming(Interest::WRITABLE))?);
    }
    let next = turn(&mut reactor)?;
    demand(next.iter().all(|event| Some(event.token) == token), || format!("{next:?} is not for {token:?}"))?;
    Ok(next.iter().map(|event| flags(column.backend, event.readiness)).collect::<Vec<_>>().join(" "))
}
