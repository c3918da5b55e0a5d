//! Which system calls are counted: those that bring nothing, too.

use super::rig::Rig;
use fdreactor::{
    Result, Trigger,
    io::{self, RawBuffer},
    server::{Counts, Limits, Order, Told},
};
use std::{io::Write, os::fd::RawFd, time::Duration};

/// More than any socket holds.
const MUCH: usize = 32 << 20;

fn counts(accepts: u64, reads: u64, writes: u64) -> Counts {
    Counts { reads, writes, accepts }
}

/// The one connection that a turn told of.
fn accepted(rig: &mut Rig) -> Result<u32> {
    let accepted = |record: &fdreactor::server::Record| matches!(record.told, Told::Accepted { .. });
    Ok(rig.turn()?.iter().find(|record| accepted(record)).map_or(u32::MAX, |record| record.id))
}

fn buffer(bytes: &mut [u8]) -> RawBuffer {
    // SAFETY: used before the bytes go, by calls that have returned by then.
    unsafe { RawBuffer::new(bytes.as_mut_ptr(), bytes.len()) }
}

/// Writes until the peer's window is full.
fn fill(fd: RawFd, bytes: &mut [u8]) {
    while io::write(fd, buffer(bytes)).is_ok() {}
}

#[test]
fn an_accept_that_finds_nobody_counts() -> Result<()> {
    let mut rig = Rig::new(Trigger::Level, Limits::default())?;
    let peers = [rig.peer(), rig.peer(), rig.peer()];
    assert!(peers.iter().all(std::io::Result::is_ok));
    rig.turn()?;
    assert_eq!(rig.traffic.counts(), counts(4, 0, 0));
    Ok(())
}

#[test]
fn a_read_that_finds_nothing_counts() -> Result<()> {
    let mut rig = Rig::new(Trigger::Level, Limits::default())?;
    let mut peer = rig.peer().map_err(|_| fdreactor::Error::Closed)?;
    let id = accepted(&mut rig)?;
    assert_eq!(peer.write(b"message").ok(), Some(7));
    let fd = rig.traffic.descriptor(id)?;
    // Somebody else reads what the wait has found.
    let told = rig.turn_after(|| {
        assert_eq!(io::read(fd, buffer(&mut [0; 16])), Ok(7));
    })?;
    assert_eq!(told, []);
    assert_eq!(rig.traffic.counts(), counts(2, 1, 0));
    Ok(())
}

#[test]
fn a_write_that_finds_no_room_counts() -> Result<()> {
    let limits = Limits { buffered: MUCH, buffered_in_all: MUCH, ..Limits::default() };
    let mut rig = Rig::new(Trigger::Level, limits)?;
    let _peer = rig.peer().map_err(|_| fdreactor::Error::Closed)?;
    let id = accepted(&mut rig)?;
    let fd = rig.traffic.descriptor(id)?;
    let mut bytes = vec![7; 1 << 16];
    fill(fd, &mut bytes);
    for sends in 1..=2 {
        rig.traffic.order(id, Order::Write(buffer(&mut bytes)));
        rig.flush();
        // The second is kept behind the first without asking.
        assert_eq!((sends, rig.traffic.counts()), (sends, counts(2, 0, 1)));
    }
    assert_eq!(rig.traffic.kept_for(id), 2 << 16);
    Ok(())
}

#[test]
fn the_longest_turn_is_kept_and_the_one_under_way_counts() -> Result<()> {
    const WHILE: Duration = Duration::from_millis(20);
    let mut rig = Rig::new(Trigger::Level, Limits::default())?;
    assert_eq!(rig.reactor.stats().slowest_turn, Duration::ZERO);
    let _peer = rig.peer().map_err(|_| fdreactor::Error::Closed)?;
    rig.turn()?;
    std::thread::sleep(WHILE);
    let so_far = rig.reactor.stats().slowest_turn;
    assert!(so_far >= WHILE);
    rig.reactor.turn_over();
    let slowest = rig.reactor.stats().slowest_turn;
    assert!(slowest >= so_far);
    std::thread::sleep(WHILE);
    // Nothing is under way.
    assert_eq!(rig.reactor.stats().slowest_turn, slowest);
    rig.reactor.turn_over();
    assert_eq!(rig.reactor.stats().slowest_turn, slowest);
    Ok(())
}
